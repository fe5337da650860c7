/** Log level of routes that are called all the time: polls, metrics, health. */
import type { FastifyInstance } from 'fastify'

const quieterLevels = ['error', 'fatal', 'silent'] as const

/** `warn`, or the service's level if that is less verbose: a route's level replaces the service's. */
export function quietLogLevel({ log }: Pick<FastifyInstance, 'log'>): 'warn' | (typeof quieterLevels)[number] {
  return quieterLevels.find(level => level === log.level) ?? 'warn'
}
