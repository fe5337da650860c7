/* The barrier, checked in every order of events: one revocation against guards that poll, give up, stop and are answered late. */

/*
 * Time is ticks, at any moment or not at all, so a pause is simply that nothing happens to a guard while others go on.
 * Every deadline is kept as the ticks left until it, which keeps the number of states finite. A poll that was given up
 * stays in the network: it may still be executed, answered, or lost. The margin is left out: here all clocks tick together.
 *
 * Each mutation takes one leg of the argument away, and the search must then find a run that breaks an assertion:
 *   FROM_ANSWER       the guard counts its lease from the answer, not from before the send
 *   READ_FIRST        the replica reads the entries before it writes the row
 *   BELIEVE_ABANDONED an answer to a poll that was given up is taken for the answer to the outstanding one
 *   SHORT_ROW         the row's lease is shorter than the guard's
 *   LATE_LOWERS       a poll executed late overwrites the row's lease with a smaller one
 *   UNCAPPED          a guard that lacks the entry still gets a whole lease, so it can hold up the barrier for ever
 */

#ifndef GUARDS
#define GUARDS 1
#endif
#ifndef L
#define L 3
#endif

#define MAX(a, b) ((a) > (b) -> (a) : (b))
#define LEFT(from, passed) ((from) > (passed) -> (from) - (passed) : 0)

mtype = { none, sent, begun, answered }

typedef Poll {
  mtype stage = none;
  byte age;        /* ticks since the instant before it was sent, at most L; nobody asks it of an abandoned one */
  bit isFirst;     /* it names no cursor: no lease */
  bit after;       /* the cursor that it acknowledges */
  bit brings;      /* the answer contains the entry */
  byte lease       /* what the answer grants */
}

typedef Guard {
  bit isFollowing; /* it has a cursor */
  bit holdsEntry;  /* the cursor: the entry is applied */
  byte valid;      /* ticks for which it may still decide */
  Poll asked;
  Poll abandoned;
  bit rowCursor;
  byte rowLease
}

Guard g[GUARDS];
bit committed;     /* the entry can be read */
bit returned;      /* inForce: true was answered */
byte waited;       /* ticks from the commit until the barrier ends */

/* The lease that a poll obtains when it is executed: never beyond L after the first entry that its guard lacks. */
#ifdef UNCAPPED
#define GRANT(p) (p.isFirst -> 0 : L)
#else
#define GRANT(p) (p.isFirst -> 0 : (committed && !p.after -> LEFT(L, waited) : L))
#endif

#ifdef SHORT_ROW
#define ROW(p) LEFT(GRANT(p), 1)
#else
#define ROW(p) GRANT(p)
#endif

#define HOLDS_UP(i) (g[i].rowLease > 0 && !g[i].rowCursor)
#define DECIDES_WITHOUT(i) (g[i].valid > 0 && !g[i].holdsEntry)

#if GUARDS == 1
#define SOMEBODY(claim) claim(0)
#else
#define SOMEBODY(claim) (claim(0) || claim(1))
#endif

inline safe() { assert(!(returned && SOMEBODY(DECIDES_WITHOUT))) }
inline lose(p) { p.stage = none; p.age = 0; p.isFirst = 0; p.after = 0; p.brings = 0; p.lease = 0 }

inline writeRow(i, p) {
#ifdef LATE_LOWERS
  g[i].rowLease = ROW(p);
#else
  g[i].rowLease = MAX(g[i].rowLease, ROW(p));
#endif
  p.lease = GRANT(p);
  g[i].rowCursor = g[i].rowCursor || p.after
}

inline readEntries(p) { p.brings = committed }

/* A replica takes two steps, and anything may happen between them. A held poll is one whose second step comes late. */
inline beginPoll(i, p) {
#ifdef READ_FIRST
  readEntries(p);
#else
  writeRow(i, p);
#endif
  p.stage = begun
}

inline answerPoll(i, p) {
#ifdef READ_FIRST
  writeRow(i, p);
#else
  readEntries(p);
#endif
  p.stage = answered
}
inline apply(i, answer, elapsed) {
  g[i].isFollowing = 1;
  g[i].holdsEntry = g[i].holdsEntry || answer.brings;
  g[i].valid = MAX(g[i].valid, LEFT(answer.lease, elapsed));
  safe()
}

#ifdef FROM_ANSWER
#define ELAPSED(i) 0
#else
#define ELAPSED(i) g[i].asked.age
#endif

proctype Following(byte i) {
  do
  :: d_step { g[i].asked.stage == none ->
       g[i].asked.stage = sent;
       g[i].asked.isFirst = !g[i].isFollowing;
       g[i].asked.after = g[i].holdsEntry }
  :: d_step { g[i].asked.stage == answered ->
       apply(i, g[i].asked, ELAPSED(i));
       lose(g[i].asked) }
  :: d_step { g[i].asked.stage != none && g[i].abandoned.stage == none ->
       g[i].abandoned.stage = g[i].asked.stage;
       g[i].abandoned.isFirst = g[i].asked.isFirst;
       g[i].abandoned.after = g[i].asked.after;
       g[i].abandoned.brings = g[i].asked.brings;
       g[i].abandoned.lease = g[i].asked.lease;
       lose(g[i].asked) }
  :: d_step { g[i].abandoned.stage == answered ->
#ifdef BELIEVE_ABANDONED
       if
       :: g[i].asked.stage != none -> apply(i, g[i].abandoned, ELAPSED(i)); lose(g[i].asked)
       :: else
       fi;
#endif
       lose(g[i].abandoned) }
  od
}

proctype Network(byte i) {
  do
  :: d_step { g[i].asked.stage == sent -> beginPoll(i, g[i].asked) }
  :: d_step { g[i].asked.stage == begun -> answerPoll(i, g[i].asked) }
  :: d_step { g[i].abandoned.stage == sent -> beginPoll(i, g[i].abandoned) }
  :: d_step { g[i].abandoned.stage == begun -> answerPoll(i, g[i].abandoned) }
  :: d_step { g[i].abandoned.stage != none -> lose(g[i].abandoned) }
  od
}

/* The barrier looks again and again; each look is one statement. */
proctype Revocation() {
  committed = 1;
  d_step { !SOMEBODY(HOLDS_UP) -> returned = 1; waited = 0; safe() }
}

inline tickPoll(p) {
  if
  :: p.stage != none && p.age < L -> p.age++
  :: else
  fi
}

inline tickGuard(i) {
  g[i].valid = LEFT(g[i].valid, 1);
  g[i].rowLease = LEFT(g[i].rowLease, 1);
  tickPoll(g[i].asked)
}

proctype Time() {
  do
  :: d_step {
       tickGuard(0);
#if GUARDS == 2
       tickGuard(1);
#endif
       if
       :: committed && !returned && waited < L -> waited++
       :: else
       fi;
       /* Live: L after the commit, nobody holds up the barrier. */
       assert(!(waited == L && SOMEBODY(HOLDS_UP))) }
  od
}

init {
  atomic {
#if GUARDS == 2
    run Following(1); run Network(1);
#endif
    run Following(0); run Network(0); run Revocation(); run Time()
  }
}
