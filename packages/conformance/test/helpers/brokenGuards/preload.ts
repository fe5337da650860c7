/** Loaded before an application by `node --import .../preload.js?fault=NAME`: applies that fault. */
import { register } from 'node:module'

register(`./hooks.js${new URL(import.meta.url).search}`, import.meta.url)
