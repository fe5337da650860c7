/** Whole files that are made from code, by their paths. */
import { problemPages, problems } from '../gateway/problems.ts'

export function madeFiles(): Record<string, string> {
  return {
    'services/gateway/nginx/problem-pages.conf': problemPages(),
    'services/gateway/nginx/problems.conf': problems(),
  }
}
