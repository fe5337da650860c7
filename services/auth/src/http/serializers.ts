/** Fastify makes a serializer for each answer of each route, and ours have many in common: the same schema is compiled once. */
import SerializerSelector from '@fastify/fast-json-stringify-compiler'

/** What Fastify calls for each scope of routes, with the schemas that may be referred to there. */
export function sharedSerializers(): SerializerSelector.SerializerFactory {
  const build = SerializerSelector()
  const made = new Map<string, SerializerSelector.Serializer>()
  return (externalSchemas, options) => {
    const compile = build(externalSchemas, options)
    const around = Object.keys(externalSchemas ?? {}).join()
    return route => {
      const text = `${around} ${JSON.stringify(route.schema)}`
      const serialize = made.get(text) ?? compile(route)
      made.set(text, serialize)
      return serialize
    }
  }
}
