/** The routes on Express. */
import express from 'express'
import { items, rules } from './routes.mjs'

export async function start({ adapter, guard, options, onAccepted, onHandled }) {
  const { protect, callerOf, handleError } = adapter.nodeGuard(guard, options)
  const sendCaller = (request, response) => response.json(callerOf(request))
  const sendItems = (_request, response) => response.json(items)
  const accepted = (_request, _response, next) => {
    onAccepted()
    next()
  }
  const app = express()
  app.get('/open', (_request, response) => response.send('open'))
  app.get('/unguarded', sendItems)
  app.get('/guarded', protect(rules['/restricted']), sendItems)
  for (const [path, rule] of Object.entries(rules)) app.get(path, protect(rule), sendCaller)
  app.post('/act', protect({}, accepted, express.json()), (_request, response) => {
    onHandled()
    response.send('done')
  })
  app.get('/stream', protect(), (request, response) => {
    const release = guard.trackStream(callerOf(request), () => response.end())
    response.on('close', release).write('open\n')
  })
  app.get('/fault', protect(), () => {
    throw new Error('broken')
  })
  app.use(handleError)
  app.use((_error, _request, response, _next) => response.status(500).send('failed'))
  return new Promise(resolve => {
    const server = app.listen(0, '127.0.0.1', () => resolve(server))
  })
}
