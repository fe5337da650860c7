/** Certificates that sign themselves, by openssl. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

/**
 * Writes `NAME.key` and `NAME.crt` into the folder; valid for two days.
 * @param subject `IP:...` or `DNS:...`
 * @returns the paths of both
 */
export function createCertificate(folder: string, subject: string, name = 'tls'): { key: string; crt: string } {
  const [key, crt] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)]
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const names = ['-subj', '/CN=localhost', '-addext', `subjectAltName=${subject}`]
  execFileSync('openssl', ['req', '-x509', ...kind, ...names, '-keyout', key, '-out', crt], { stdio: 'ignore' })
  return { key, crt }
}
