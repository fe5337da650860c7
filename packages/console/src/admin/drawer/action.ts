/** An act that an admin is about to do, as the drawer shows it. */
import type { Receipt } from '@gatehouse/contract'
import type { ComponentChildren } from 'preact'
import type { Answer } from '../../api.ts'
import { createStore } from '../../store.ts'

export interface ActionInput {
  /** Undefined when the admin gave none. */
  reason: string | undefined
}

export interface Action {
  title: string
  /** What the act will do, in short sentences. */
  effects: ComponentChildren[]
  /** The text of the button. */
  button: string
  isDangerous: boolean
  /** The admin must type this. */
  confirmation?: string
  /** The button works after so many seconds. */
  countdownSeconds?: number
  /** The next call of this page is refused, so the drawer makes none, and shows the receipt until then. */
  endsOwnSession?: boolean
  /** The act asks for no reason. */
  hasReason?: false
  send: (input: ActionInput) => Promise<ActionResult>
  /** Reads again what the page shows. */
  onDone: () => void
  /** The page read something that has changed since: shows what differs. */
  onConflict?: () => Promise<ComponentChildren>
  /** What to do next when the service answers `conflict`. */
  afterConflict?: string
}

/** A secret that is shown once, and what it is. */
export interface ShownSecret {
  label: string
  value: string
  hint: string
}

export interface ActionResult {
  /** Null when nothing was revoked. */
  receipt: Receipt | null
  secret?: ShownSecret
  /** What was done, where nothing was revoked. */
  message?: string
  /** The step that follows. */
  next?: Action
}

export const currentAction = createStore<Action | undefined>(undefined)

/** Opens the drawer. */
export function begin(action: Action): void {
  currentAction.set(action)
}

/** For acts that answer with their receipt. */
export function receiptOf({ data }: Answer<Receipt>): ActionResult {
  return { receipt: data }
}

/** What a covered token is answered with, in words. */
export const endedEffect = 'Clients get 401 session-ended on their next request, and must log in again.'

/** The names that a field lists, with spaces or commas. */
export const wordsOf = (text: string) => [...new Set(text.split(/[\s,]+/).filter(Boolean))]
