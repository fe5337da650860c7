/** Draws the last minute of the session: when a token was held, and each renewal, request and refusal. */

export type Kind = 'renewal' | 'request' | 'refusal' | 'state'

interface Mark {
  atMs: number
  kind: Kind
  text: string
}

const rows: Record<Kind, number> = { renewal: 20, request: 42, refusal: 64, state: 86 }
const colours: Record<Kind, string> = { renewal: '#2a9d62', request: '#3b7dd8', refusal: '#c0392b', state: '#888' }
const windowMs = 60_000

export function createTimeline(svg: Element, log: Element) {
  const marks: Mark[] = []

  function draw(): void {
    const width = svg.clientWidth || 800
    const now = performance.now()
    const x = (atMs: number) => width - ((now - atMs) / windowMs) * (width - 80)
    const labels = Object.entries(rows).map(([kind, y]) => `<text x="6" y="${y + 4}">${kind}</text>`)
    const dots = marks
      .filter(({ atMs }) => now - atMs < windowMs)
      .map(({ atMs, kind }) => `<circle cx="${x(atMs)}" cy="${rows[kind]}" r="5" fill="${colours[kind]}" />`)
    svg.innerHTML = [...labels, ...dots].join('')
  }

  setInterval(draw, 250)
  return (kind: Kind, text: string) => {
    marks.push({ atMs: performance.now(), kind, text })
    if (marks.length > 500) marks.shift()
    const item = document.createElement('li')
    item.textContent = `${new Date().toLocaleTimeString()} ${kind}: ${text}`
    item.style.color = colours[kind]
    log.prepend(item)
    while (log.childElementCount > 100) log.lastElementChild?.remove()
    draw()
  }
}
