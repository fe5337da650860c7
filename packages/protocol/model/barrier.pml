/* A model of the barrier: one revocation, and guards that poll, abandon polls, stop, and receive responses late. */

/*
 * Time passes in ticks, which can come at any moment or not at all, so a stopped guard is a guard without steps. Each deadline
 * is the number of ticks until it, which keeps the number of states finite. An abandoned poll stays in the network: it can still
 * be executed, answered or lost. The margin is left out, since all clocks tick together.
 *
 * Each mutation removes one part of the argument; the search must then find a run that violates an assertion:
 *   FROM_ANSWER       the guard counts its lease from the response instead of from before the poll was sent
 *   READ_FIRST        the replica reads the entries before it writes the row
 *   BELIEVE_ABANDONED the response to an abandoned poll counts as the response to the pending poll
 *   SHORT_ROW         the lease of the row is shorter than the lease of the guard
 *   LATE_LOWERS       a poll that executes late shortens the lease of the row
 *   UNCAPPED          a guard that lacks the entry gets a whole lease, so it can block the barrier forever
 *
 * FAILOVER begins after the database has lost its last commits: the guard has applied an entry that has the number of the
 * entry to come, and holds a lease, and the database knows neither. Replicas notice it at any moment, and give the feed a new
 * identity in two steps: they read the time, then commit. LIVE is not asserted here. Its mutations:
 *   NOT_NOTICED       no replica compares the history
 *   NOT_HELD          barriers do not wait one lease after the feed has got its new identity
 *   FEED_KEPT         the feed keeps its identity
 *   OLD_CURSOR        a cursor of the lost feed counts as an acknowledgement
 */

#ifndef GUARDS
#define GUARDS 1
#endif
#ifndef L
#define L 3
#endif

#define MAX(a, b) ((a) > (b) -> (a) : (b))
#define LEFT(from, passed) ((from) > (passed) -> (from) - (passed) : 0)

mtype = { none, sent, written, answered }

typedef Poll {
  mtype stage = none;
  byte age;        /* ticks since the instant before it was sent, at most L; not used for an abandoned poll */
  bit isFirst;     /* it has no cursor, so it gets no lease */
  bit after;       /* it acknowledges the entry */
  bit hasEntry;    /* the response contains the entry */
#ifdef FAILOVER
  bit feed;        /* the feed of its cursor: 0 is the lost one */
  bit feedRead;    /* the feed of the response */
  bit refused;     /* feed-changed */
#endif
  byte lease       /* the lease that the response grants */
}

typedef Guard {
  bit isFollowing; /* the guard has a cursor */
  bit holdsEntry;  /* the guard has applied the entry */
  byte valid;      /* ticks until the lease ends */
  Poll outstanding;
  Poll abandoned;
  bit rowCursor;
#ifdef FAILOVER
  bit feed;
  bit ahead;       /* its cursor includes the number of the entry, from the lost feed */
  bit rowFeed;
#endif
  byte rowLease
}

Guard g[GUARDS];
bit committed;     /* the entry is committed */
bit returned;      /* the revocation was answered with inForce: true */
byte waited;       /* ticks from the commit until the barrier ends */

/* The lease that a poll gets when it executes: it ends at most L after the commit of the first entry that the guard lacks. */
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

#ifdef FAILOVER
bit stamped;       /* a replica has read the time of the new identity */
bit noticed;       /* the new identity is committed */
byte hold;         /* ticks until the hold ends */

#ifdef FEED_KEPT
#define FEED 0
#else
#define FEED noticed
#endif
#ifdef NOT_NOTICED
#define IS_HELD 0
#else
#define IS_HELD (!noticed || hold > 0)
#endif
#ifdef OLD_CURSOR
#define HAS_CURSOR(i) g[i].rowCursor
#else
#define HAS_CURSOR(i) (g[i].rowCursor && g[i].rowFeed == FEED)
#endif
#define ACKS(i) (g[i].holdsEntry || g[i].ahead)
/* An entry whose number is not beyond the cursor is not sent. */
#define SENDS_ENTRY(p) (committed && !p.after)
#else
#define IS_HELD 0
#define HAS_CURSOR(i) g[i].rowCursor
#define ACKS(i) g[i].holdsEntry
#define SENDS_ENTRY(p) committed
#endif

#define BLOCKS(i) (g[i].rowLease > 0 && !HAS_CURSOR(i))
#define DECIDES_WITHOUT_ENTRY(i) (g[i].valid > 0 && !g[i].holdsEntry)

#if GUARDS == 1
#define ANY_GUARD(claim) claim(0)
#else
#define ANY_GUARD(claim) (claim(0) || claim(1))
#endif

inline safe() { assert(!(returned && ANY_GUARD(DECIDES_WITHOUT_ENTRY))) }
inline clear(p) {
  p.stage = none; p.age = 0; p.isFirst = 0; p.after = 0; p.hasEntry = 0; p.lease = 0;
#ifdef FAILOVER
  p.feed = 0; p.feedRead = 0; p.refused = 0
#endif
}

inline writeAccepted(i, p) {
#ifdef LATE_LOWERS
  g[i].rowLease = ROW(p);
#else
  g[i].rowLease = MAX(g[i].rowLease, ROW(p));
#endif
  p.lease = GRANT(p);
  g[i].rowCursor = HAS_CURSOR(i) || p.after;
#ifdef FAILOVER
  g[i].rowFeed = FEED
#endif
}

inline writeRow(i, p) {
#ifdef FAILOVER
  if
  :: !p.isFirst && (p.feed != FEED || (p.after && !committed)) -> p.refused = 1
  :: else -> writeAccepted(i, p)
  fi
#else
  writeAccepted(i, p)
#endif
}

inline readEntries(p) {
  p.hasEntry = SENDS_ENTRY(p);
#ifdef FAILOVER
  p.feedRead = FEED
#endif
}

/* A replica takes two steps, and other steps can come between them. A held poll is one whose second step comes late. */
inline beginPoll(i, p) {
#ifdef READ_FIRST
  readEntries(p);
#else
  writeRow(i, p);
#endif
  p.stage = written
}

inline answerPoll(i, p) {
#ifdef READ_FIRST
  writeRow(i, p);
#else
  readEntries(p);
#endif
  p.stage = answered
}

#ifdef FAILOVER
/* A guard that starts again has a new id. The row of the old id could only delay the barrier. */
inline restart(i) {
  g[i].isFollowing = 0; g[i].holdsEntry = 0; g[i].ahead = 0; g[i].valid = 0; g[i].feed = 0;
  g[i].rowCursor = 0; g[i].rowLease = 0; g[i].rowFeed = 0;
  clear(g[i].abandoned)
}
#endif

inline applyAccepted(i, answer, elapsed) {
  g[i].isFollowing = 1;
  g[i].holdsEntry = g[i].holdsEntry || answer.hasEntry;
  g[i].valid = MAX(g[i].valid, LEFT(answer.lease, elapsed));
  safe()
}

inline apply(i, answer, elapsed) {
#ifdef FAILOVER
  if
  :: answer.refused || (g[i].isFollowing && (answer.feedRead != g[i].feed || (g[i].ahead && !committed))) -> restart(i)
  :: else -> g[i].feed = answer.feedRead; applyAccepted(i, answer, elapsed)
  fi
#else
  applyAccepted(i, answer, elapsed)
#endif
}

#ifdef FROM_ANSWER
#define ELAPSED(i) 0
#else
#define ELAPSED(i) g[i].outstanding.age
#endif

proctype Following(byte i) {
  do
  :: d_step { g[i].outstanding.stage == none ->
       g[i].outstanding.stage = sent;
       g[i].outstanding.isFirst = !g[i].isFollowing;
       g[i].outstanding.after = ACKS(i);
#ifdef FAILOVER
       g[i].outstanding.feed = g[i].feed
#endif
  }
  :: d_step { g[i].outstanding.stage == answered ->
       apply(i, g[i].outstanding, ELAPSED(i));
       clear(g[i].outstanding) }
  :: d_step { g[i].outstanding.stage != none && g[i].abandoned.stage == none ->
       g[i].abandoned.stage = g[i].outstanding.stage;
       g[i].abandoned.isFirst = g[i].outstanding.isFirst;
       g[i].abandoned.after = g[i].outstanding.after;
       g[i].abandoned.hasEntry = g[i].outstanding.hasEntry;
       g[i].abandoned.lease = g[i].outstanding.lease;
#ifdef FAILOVER
       g[i].abandoned.feed = g[i].outstanding.feed;
       g[i].abandoned.feedRead = g[i].outstanding.feedRead;
       g[i].abandoned.refused = g[i].outstanding.refused;
#endif
       clear(g[i].outstanding) }
  :: d_step { g[i].abandoned.stage == answered ->
#ifdef BELIEVE_ABANDONED
       if
       :: g[i].outstanding.stage != none -> apply(i, g[i].abandoned, ELAPSED(i)); clear(g[i].outstanding)
       :: else
       fi;
#endif
       clear(g[i].abandoned) }
  od
}

proctype Network(byte i) {
  do
  :: d_step { g[i].outstanding.stage == sent -> beginPoll(i, g[i].outstanding) }
  :: d_step { g[i].outstanding.stage == written -> answerPoll(i, g[i].outstanding) }
  :: d_step { g[i].abandoned.stage == sent -> beginPoll(i, g[i].abandoned) }
  :: d_step { g[i].abandoned.stage == written -> answerPoll(i, g[i].abandoned) }
  :: d_step { g[i].abandoned.stage != none -> clear(g[i].abandoned) }
  od
}

/* The barrier reads the rows until no guard blocks it. Each read is one statement. */
proctype Revocation() {
  committed = 1;
  d_step { !IS_HELD && !ANY_GUARD(BLOCKS) -> returned = 1; waited = 0; safe() }
}

#ifdef FAILOVER
proctype Notice() {
#ifdef NOT_NOTICED
  skip
#else
  d_step {
    stamped = 1;
#ifndef NOT_HELD
    hold = L
#endif
  }
  noticed = 1
#endif
}
#endif

inline tickPoll(p) {
  if
  :: p.stage != none && p.age < L -> p.age++
  :: else
  fi
}

inline tickGuard(i) {
  g[i].valid = LEFT(g[i].valid, 1);
  g[i].rowLease = LEFT(g[i].rowLease, 1);
  tickPoll(g[i].outstanding)
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
#ifdef FAILOVER
       hold = LEFT(hold, 1);
#else
       /* LIVE: L after the commit, no guard blocks the barrier. */
       assert(!(waited == L && ANY_GUARD(BLOCKS)))
#endif
  }
  od
}

init {
  atomic {
#if GUARDS == 2
    run Following(1); run Network(1);
#endif
#ifdef FAILOVER
    /* The response of the old primary to its last poll can still arrive. */
    g[0].isFollowing = 1; g[0].ahead = 1; g[0].valid = L;
    g[0].outstanding.stage = answered; g[0].outstanding.after = 1; g[0].outstanding.lease = L;
    run Notice();
#endif
    run Following(0); run Network(0); run Revocation(); run Time()
  }
}
