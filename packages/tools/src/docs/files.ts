/** The files that are generated from code, by path. */

import { problemPages, problems, secretQuery, tokenSize } from '@gatehouse/e2e'
import { licencesDocument } from './licences.ts'

export function generatedFiles(): Record<string, string> {
  return {
    'docs/licences.md': licencesDocument(),
    'services/gateway/nginx/problem-pages.conf': problemPages(),
    'services/gateway/nginx/problems.conf': problems(),
    'services/gateway/nginx/secret-query.conf': secretQuery(),
    'services/gateway/nginx/token-size.conf': tokenSize(),
  }
}
