/** Whole files that are made from code, by their paths. */

import { problemPages, problems } from '../gateway/problems.ts'
import { licencesDocument } from './licences.ts'

export function madeFiles(): Record<string, string> {
  return {
    'docs/licences.md': licencesDocument(),
    'services/gateway/nginx/problem-pages.conf': problemPages(),
    'services/gateway/nginx/problems.conf': problems(),
  }
}
