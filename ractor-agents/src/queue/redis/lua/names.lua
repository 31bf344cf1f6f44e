-- Names of numbers, which are put into the scripts before the server gets them: a local of its own for each, captured by each function, would cost
-- every call more than all the rest.

-- Later than any time: 2^53 - 1, up to which numbers here are exact.
FAR = 9007199254740991

-- Places in the state. Behind AVAIL, PASSED and COUNT each has one per priority; of COUNT, once per stage.
VERSION = 1
EPOCH = 2
ORDER = 3
LEASE = 4
DEATH = 5
DIED = 6
PAUSED = 7
BYTES = 8
DEAD = 9
DEAD_BYTES = 10
PRINTS = 11
NEXT = 12
WAITING = 13
AVAIL = 13
PASSED = 18
COUNT = 18

-- Places in a message.
PLACE = 1
AT = 2
DUE = 3
EXPIRES = 4
TOKEN_EPOCH = 5
TOKEN = 6
ATTEMPTS = 7
ATTEMPTS_MAX = 8
LANE = 9
SIZE = 10
STAGE = 11
GAVE_BACK = 12
RUNNING = 13
GROUP = 14
UNTIL = 15
REASON = 16
DEATH_NO = 17
DEATH_AT = 18
PAST = 19

-- Stages.
READY = 1
DELAYED = 2
HELD = 3
BURIED = 4

-- Reasons for deaths.
EXHAUSTED = 1
EXPIRED = 2
REJECTED = 3

-- Causes of failures.
FAILED = 1
RAN_OUT = 2

-- Why a lease is not good.
RESTARTED = 1
NEVER_GIVEN = 2
GONE = 3
IS_DEAD = 4
REPLACED = 5
OVER = 6
GIVEN_BACK = 7

-- Failures and deaths that are kept.
KEPT = 8

-- What is done of what is due at a time. Source: a guess, some milliseconds.
DUE_MAX = 100
