/** Names and phrases that were replaced by the field's standard terms do not return. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'

process.chdir(fileURLToPath(new URL('../../../../', import.meta.url)))

/** Whole words, as written. Only names that no ordinary sentence contains. */
const oldNames = `
  Surroundings surroundings surroundingsOf patienceMs patienceOf heldAtMost mostShown attemptOf attempt_hash
  endAsStolen everyone_epoch EveryoneEpoch actOf keepHouse EarOptions giveCollectorRoom refusesAsAdmin askedBy
  userActs userChanges placeCommands recordCommands createReturning cameBack quietLevel onSpent noteFailure
  timelessVerifier demandedChange rightOfWay hashThread answerOwner answerAdmin takeNote paperDatabase
  catalogueAdapter unrenewable keepUp Upkeep Happenings boundedFetch HoldOptions nowAtLatest stopGently letGo
  untilRead beStrict judgeHeader judgeClaims judgePoll holdsUp lacksSinceMs handClock inBlocks tryOut tryGateway
  trespasser Outcry lastWords outcomeRow SessionRooms AdminRooms endMany confession standIn drawers
  Judgement mayDecide
`
  .trim()
  .split(/\s+/)

/** Whole words and phrases in any case, in code, comments and documentation. */
const oldPhrases = [
  'whoever',
  'nobody',
  'somebody',
  'everybody',
  'thief',
  'theft',
  'in the midst',
  'of yours',
  'who knocks',
  'breaks? the glass',
  'is told',
  'holds? up',
]

const files = execFileSync('git', ['ls-files', '-z'], { encoding: 'utf8' })
  .split('\0')
  .filter(name => /\.(ts|mjs|md|prisma|sql|conf|template|sh|ya?ml|toml)$|Dockerfile$/.test(name))
  .filter(name => existsSync(name))
  .filter(name => !/pnpm-lock|^CHANGELOG|vocabulary\.test\.ts$|\/schemas\//.test(name))
  .map(name => ({ name, text: readFileSync(name, 'utf8') }))

t.test('the repository uses no replaced name', async t => {
  t.strictSame(found(new RegExp(`(?<![\\w$-])(${oldNames.join('|')})(?![\\w$-])`, 'g')), [])
})

t.test('the repository uses no replaced phrase', async t => {
  // `nobody` is also a user of the operating system and the local part of invented addresses.
  t.strictSame(found(new RegExp(`(?<![\\w$@/.'"\`-])(${oldPhrases.join('|')})(?![\\w$@'"\`-])`, 'gi')), [])
})

/** @returns where the form occurs: `path:line: match` */
function found(form: RegExp): string[] {
  return files.flatMap(({ name, text }) =>
    text.split('\n').flatMap((line, index) => [...line.matchAll(form)].map(([hit]) => `${name}:${index + 1}: ${hit}`)),
  )
}
