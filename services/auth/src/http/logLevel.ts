/** How much is logged of routes that machines ask all day: polls, metrics, health. */
import type { FastifyInstance } from 'fastify'

const quieterLevels = ['error', 'fatal', 'silent'] as const

/** Warnings and worse, or less if the service was told to say less: a route's own level replaces the service's. */
export function quietLogLevel({ log }: Pick<FastifyInstance, 'log'>): 'warn' | (typeof quieterLevels)[number] {
  return quieterLevels.find(level => level === log.level) ?? 'warn'
}
