/** All that the audit log keeps of an entry. */
import type { AuditView } from '@gatehouse/contract'
import { dateTime } from '../../format.ts'
import { to } from '../paths.ts'
import { type NameOf, Who } from '../Who.tsx'

export interface EvidenceProps {
  entry: AuditView
  nameOf: NameOf
}

export function Evidence({ entry, nameOf }: EvidenceProps) {
  const { at, action, actor, target, reason, address, requestId, outcome, seq, detail } = entry
  return (
    <div class="steps">
      <dl class="facts">
        <dt>When</dt>
        <dd>{dateTime(at)}</dd>
        <dt>Action</dt>
        <dd>{action}</dd>
        <dt>Outcome</dt>
        <dd>{outcome}</dd>
        <dt>Actor</dt>
        <dd>
          <Who id={actor} name={nameOf(actor)} />
        </dd>
        <dt>Target</dt>
        <dd>
          <Who id={target} name={nameOf(target)} />
        </dd>
        {reason !== null && (
          <>
            <dt>Reason</dt>
            <dd class="break">{reason}</dd>
          </>
        )}
        <dt>Address</dt>
        <dd class="mono">{address ?? '–'}</dd>
        <dt>Request</dt>
        <dd class="mono break">{requestId ?? '–'}</dd>
        {seq !== null && (
          <>
            <dt>Revocation</dt>
            <dd>
              <a href={to('revocations', seq)}>Receipt {seq}</a>
            </dd>
          </>
        )}
      </dl>
      <h3>Evidence</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
      <pre class="mono" tabIndex={0}>
        {JSON.stringify(detail, null, 2)}
      </pre>
    </div>
  )
}
