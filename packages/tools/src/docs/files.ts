/** Whole files that are made from code, by their paths. */

import { problemPages, problems } from '@gatehouse/e2e'
import { licencesDocument } from './licences.ts'

export function madeFiles(): Record<string, string> {
  return {
    'docs/licences.md': licencesDocument(),
    'services/gateway/nginx/problem-pages.conf': problemPages(),
    'services/gateway/nginx/problems.conf': problems(),
  }
}
