/** Loaded into a process that is looked into (`NODE_OPTIONS=--import=...`): SIGUSR2 begins a CPU profile, and the next one ends it. */
import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector'

const session = new Session()
let isRunning = false

process.on('SIGUSR2', () => {
  isRunning = !isRunning
  if (isRunning) begin()
  else end()
})

function begin(): void {
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.setSamplingInterval', { interval: 200 })
  session.post('Profiler.start', () => console.log('profile: begun'))
}

function end(): void {
  session.post('Profiler.stop', (error, result) => {
    const path = process.env['PROFILE_FILE']
    if (error === null && path !== undefined) writeFileSync(path, JSON.stringify(result.profile))
    session.disconnect()
    console.log('profile: ended')
  })
}
