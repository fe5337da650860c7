/** Loads the WebAssembly build of Prisma's schema engine. */
import { readFile } from 'node:fs/promises'
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg'

/** @typedef {typeof import('@prisma/schema-engine-wasm')} Bindings */

/**
 * One instance for the process: the package keeps it in a module, and a second instance would replace the first.
 * @type {{ promise?: Promise<Bindings> }}
 */
const loading = {}

/** @returns {Promise<Bindings>} */
export function loadEngine() {
  loading.promise ??= instantiate()
  return loading.promise
}

async function instantiate() {
  // The engine reports the reason of a panic here.
  Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: { set_message: throwPanic } })
  const entry = import.meta.resolve('@prisma/schema-engine-wasm/schema_engine_bg')
  const code = await readFile(new URL('schema_engine_bg.wasm', entry))
  // In wasm-bindgen's layout for bundlers, the bindings are the imports of the module and also wrap its exports.
  const imports = /** @type {Bindings} */ (/** @type {unknown} */ ({ ...bindings, ...unreferencedTimer() }))
  const { WebAssembly } = /** @type {{ WebAssembly: WasmApi }} */ (/** @type {unknown} */ (globalThis))
  const { instance } = await WebAssembly.instantiate(code, { './schema_engine_bg.js': imports })
  bindings.__wbg_set_wasm(instance.exports)
  const start = instance.exports['__wbindgen_start']
  if (typeof start === 'function') start()
  return imports
}

/**
 * TypeScript declares it only for browsers.
 * @typedef {object} WasmApi
 * @property {(code: Uint8Array, imports: object) => Promise<{ instance: { exports: Record<string, unknown> } }>} instantiate
 */

/** The engine limits the wait for its lock by a timer of ten seconds that it never clears: it must not delay the exit. */
function unreferencedTimer() {
  const name = Object.keys(bindings).find(key => key.startsWith('__wbg_setTimeout_'))
  const start = (/** @type {() => void} */ callback, /** @type {number} */ ms) => setTimeout(callback, ms).unref()
  return name ? { [name]: start } : {}
}

/** @param {string} message */
function throwPanic(message) {
  throw new Error(`Prisma's schema engine panicked: ${message}`)
}
