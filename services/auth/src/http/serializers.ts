/**
 * Compiles each response schema once, on first use. Fastify would compile a serializer for each response of each route at
 * start-up, although most routes share their schemas.
 */
import SerializerSelector from '@fastify/fast-json-stringify-compiler'

const build = SerializerSelector()
/** Serializers of this process, by the schemas that can be referenced, then by the schema. */
const serializers = new Map<string, Map<string, SerializerSelector.Serializer>>()

/** Fastify calls this factory for each scope of routes. */
export const sharedSerializers: SerializerSelector.SerializerFactory = (externalSchemas, options) => {
  const compile = build(externalSchemas, options)
  const cacheKey = JSON.stringify([externalSchemas, options])
  const scopeSerializers = serializers.get(cacheKey) ?? new Map<string, SerializerSelector.Serializer>()
  serializers.set(cacheKey, scopeSerializers)
  return route => {
    const text = JSON.stringify(route.schema)
    const serialize = scopeSerializers.get(text) ?? lazySerializer(() => compile(route))
    scopeSerializers.set(text, serialize)
    return serialize
  }
}

function lazySerializer(make: () => SerializerSelector.Serializer): SerializerSelector.Serializer {
  let serialize: SerializerSelector.Serializer | undefined
  return data => {
    serialize ??= make()
    return serialize(data)
  }
}
