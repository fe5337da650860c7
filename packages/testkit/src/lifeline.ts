/** Preloaded into test processes: ends this process when the one that started it is gone. */
import { Socket } from 'node:net'

// A pipe of its own kind, unreferenced, so that it neither keeps the process alive nor is read by anybody else.
const parent = new Socket({ fd: 0, readable: true, writable: false })
parent.on('close', () => process.kill(process.pid, 'SIGKILL'))
parent.on('error', () => {})
parent.resume().unref()
