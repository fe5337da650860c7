/** The doctor's checks of the signing keys: the configured ones, and those that the replicas publish. */
import type { Config } from '../config.ts'
import { type KeyMaterial, readSigningKeys } from '../keys/signingKeys.ts'
import { type Finding, failed, passed } from './finding.ts'
import { compareKeys, fetchKeySets } from './replicaKeys.ts'

/** A new database would sign with a withdrawn key that is still configured. */
export function checkSigningKeys(config: Config, withdrawn: readonly string[]): Finding {
  const keys = configuredKeys(config)
  if (keys.length === 0) return passed('signing key', 'in the database alone')
  const leftOver = keys.filter(({ kid }) => withdrawn.includes(kid)).map(({ kid }) => kid)
  if (leftOver.length > 0)
    return failed('signing key', `SIGNING_KEY holds the withdrawn key ${leftOver.join(', ')}: remove it`)
  return passed('signing key', keys.map(({ algorithm, kid }) => `${algorithm} ${kid}`).join(', '))
}

export interface ReplicaKeys {
  /** Undefined when it is not valid: the replicas are then compared with each other only. */
  config: Config | undefined
  /** Where the replicas are reached; undefined for the issuer. */
  url: string | undefined
  /** Replicas do not publish these. */
  withdrawn: readonly string[]
}

/** Requests go to different replicas through the load balancer, so several are sent. */
export async function checkReplicaKeys({ config, url, withdrawn }: ReplicaKeys): Promise<Finding> {
  const address = url ?? config?.ISSUER ?? ''
  const configured = config === undefined ? [] : configuredKeys(config).map(({ kid }) => kid)
  const keySets = await fetchKeySets(address)
  if (keySets === undefined && url !== undefined) return failed('replica keys', `no replica answers at ${url}`)
  if (keySets === undefined)
    return passed('replica keys', `not checked: no replica answers at ${address}, the ISSUER; give --url`)
  const difference = compareKeys(
    configured.filter(kid => !withdrawn.includes(kid)),
    keySets,
  )
  if (difference !== undefined) return failed('replica keys', difference)
  return passed(
    'replica keys',
    config === undefined
      ? `${keySets.length} responses agree; not compared with the configuration`
      : `${keySets.length} responses publish the configured keys`,
  )
}

function configuredKeys({ SIGNING_KEY, SIGNING_ALGORITHM }: Config): KeyMaterial[] {
  return SIGNING_KEY === null ? [] : readSigningKeys(SIGNING_KEY, SIGNING_ALGORITHM)
}
