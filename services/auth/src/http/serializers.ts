/**
 * Fastify makes a serializer for each answer of each route, and ours have many in common: the same schema is compiled once, and not
 * before something is to be written by it. A service that starts has better things to do.
 */
import SerializerSelector from '@fastify/fast-json-stringify-compiler'

const build = SerializerSelector()
/** Of this process, by the schemas that may be referred to, and then by the schema. */
const serializers = new Map<string, Map<string, SerializerSelector.Serializer>>()

/** What Fastify calls for each scope of routes. */
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
