/** The commands that call the API as the saved log-in. */
import { auditCommands } from './auditCommands.ts'
import { clientCommands } from './clientCommands.ts'
import { clientKeyCommands } from './clientKeyCommands.ts'
import type { CommandTable } from './command.ts'
import { keyCommands } from './keyCommands.ts'
import { sessionCommands } from './sessionCommands.ts'
import { userCommands } from './userCommands.ts'

export const apiCommands: CommandTable = {
  ...userCommands,
  ...sessionCommands,
  ...clientCommands,
  ...clientKeyCommands,
  ...keyCommands,
  ...auditCommands,
}
