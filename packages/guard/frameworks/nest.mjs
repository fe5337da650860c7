/** The routes on NestJS, with Express or Fastify below it. Decorators are called as functions: this is plain JavaScript. */
import 'reflect-metadata'
import { Controller, Get, HttpCode, Post, Req, Res, UseGuards } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { items, rules } from './routes.mjs'

export async function start({ adapter, guard, options, onAccepted, onHandled, platform }) {
  const gatehouse = adapter.nestGuard(guard, options)

  class Storage {
    me(request) {
      return gatehouse.callerOf(request)
    }
    restricted(request) {
      return gatehouse.callerOf(request)
    }
    admin(request) {
      return gatehouse.callerOf(request)
    }
    lenient(request) {
      return gatehouse.callerOf(request)
    }
    guarded() {
      return items
    }
    act() {
      onHandled()
      return 'done'
    }
    stream(request, response) {
      const raw = response.raw ?? response
      const release = guard.trackStream(gatehouse.callerOf(request), () => raw.end())
      response.hijack?.()
      raw.on('close', release).write('open\n')
    }
    fault() {
      throw new Error('broken')
    }
  }

  const decorate = (name, decorators, parameters = [Req()]) => {
    const descriptor = Object.getOwnPropertyDescriptor(Storage.prototype, name)
    for (const decorator of decorators) decorator(Storage.prototype, name, descriptor)
    parameters.forEach((parameter, index) => {
      parameter(Storage.prototype, name, index)
    })
  }
  decorate('me', [Get('me')])
  decorate('restricted', [Get('restricted'), adapter.RequireRule(rules['/restricted'])])
  decorate('admin', [Get('admin'), adapter.RequireRule(rules['/admin'])])
  decorate('lenient', [Get('lenient'), adapter.RequireRule(rules['/lenient'])])
  decorate('guarded', [Get('guarded'), adapter.RequireRule(rules['/restricted'])], [])
  decorate('act', [Post('act'), HttpCode(200)], [])
  decorate('stream', [Get('stream')], [Req(), Res()])
  decorate('fault', [Get('fault')], [])
  Controller()(Storage)
  UseGuards(gatehouse)(Storage)

  class Open {
    unguarded() {
      return items
    }
  }
  Get('unguarded')(Open.prototype, 'unguarded', Object.getOwnPropertyDescriptor(Open.prototype, 'unguarded'))
  Controller()(Open)
  class Application {}
  Reflect.defineMetadata('controllers', [Storage, Open], Application)

  const below = platform === 'fastify' ? [new FastifyAdapter()] : []
  const app = await NestFactory.create(Application, ...below, { logger: false })
  app.useGlobalFilters(gatehouse.filter)
  await app.listen(0, '127.0.0.1')
  const server = app.getHttpServer()
  // NestJS reads the body before its guards run.
  server.on('request', ({ url }) => {
    if (url === '/act') onAccepted()
  })
  return server
}
