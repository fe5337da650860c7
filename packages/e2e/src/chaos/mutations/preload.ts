/** Loaded by `node --import .../preload.js?mutation=NAME`: applies that mutation. */
import { register } from 'node:module'

register(`./hooks.js${new URL(import.meta.url).search}`, import.meta.url)
