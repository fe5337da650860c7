/** Loaded before a service with `node --import .../preload.js?mistake=NAME`: makes that mistake in it. */
import { register } from 'node:module'

register(`./hooks.js${new URL(import.meta.url).search}`, import.meta.url)
