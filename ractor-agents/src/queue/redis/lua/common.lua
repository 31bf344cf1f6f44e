-- What every script begins with: the state of the queue, its messages, and how they move from one order into another.
--
-- KEYS[1] is the queue's key; its other keys are that one with a suffix, all in the same hash slot:
--   (none)  the state below, packed               :m  messages by name, packed; and by name with a `p`, what is in them
--   :r1-5   available, by place in line           :d  delayed, by when they are due   :h  on lease, by when that runs out
--   :x      whose time to live can end, by when   :z1-3  dead letters by reason, in the order of their deaths
--   :f      histories of those that have one      :k  names by fingerprint            :q  fingerprints, by when they are forgotten
--   :l      members of groups in line, by group and place     :b  how many hold their group up     :o  who is available of a group
-- Nothing is changed before everything that can be refused has been looked at: a script is not undone.
local K = KEYS[1]
local call = redis.call
local clock = call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local dirty, woke, sooner = false, false, false
local S
local raw = call('GET', K)
if raw then
  S = cmsgpack.unpack(raw)
  if S[VERSION] ~= 1 then
    return redis.error_reply('QVERSION the queue was written by a later version: ' .. tostring(S[VERSION]))
  end
else
  S = {1, clock[1] * 1000000 + clock[2], 0, 0, 0, 0, 0, 0, 0, 0, 0, FAR, 0}
  for place = AVAIL + 1, COUNT + 20 do S[place] = 0 end
end

local base, cap, dead_max = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

local function load(id)
  local packed = call('HGET', K .. ':m', id)
  return packed and cmsgpack.unpack(packed)
end

local function save(id, m)
  call('HSET', K .. ':m', id, cmsgpack.pack(m))
end

-- Something is due then.
local function soon(time)
  dirty = true
  if time < S[NEXT] then
    S[NEXT] = time
    sooner = true
  end
end

local function make_available(lane, place, id)
  call('ZADD', K .. ':r' .. lane, place, id)
  S[AVAIL + lane] = S[AVAIL + lane] + 1
  woke = true
end

local function make_unavailable(lane, id)
  S[AVAIL + lane] = S[AVAIL + lane] - call('ZREM', K .. ':r' .. lane, id)
end

-- What the members of a group begin with in `:l`: no two groups share it.
local function group_key(m)
  return string.char(m[LANE]) .. struct.pack('>I2', #m[GROUP]) .. m[GROUP]
end

local function place_key(m, id)
  return struct.pack('>I8', m[PLACE]) .. id
end

-- Makes available who should be: the first in line, while nobody holds the group up.
local function offer(group, lane)
  local wanted = false
  if call('HEXISTS', K .. ':b', group) == 0 then
    local first = call('ZRANGEBYLEX', K .. ':l', '[' .. group, '(' .. group .. '\255', 'LIMIT', 0, 1)[1]
    wanted = first and string.sub(first, #group + 1) or false
  end
  local offered = call('HGET', K .. ':o', group)
  if offered == wanted then return end
  if offered then make_unavailable(lane, string.sub(offered, 9)) end
  if wanted then
    call('HSET', K .. ':o', group, wanted)
    make_available(lane, struct.unpack('>I8', wanted), string.sub(wanted, 9))
  else
    call('HDEL', K .. ':o', group)
  end
end

local function hold_up(m, by)
  local group = group_key(m)
  if call('HINCRBY', K .. ':b', group, by) == 0 then call('HDEL', K .. ':b', group) end
  offer(group, m[LANE])
end

-- A handler that has begun may finish after the time to live.
local function can_expire(m)
  return m[EXPIRES] < FAR and (m[STAGE] < HELD or (m[STAGE] == HELD and m[RUNNING] == 0))
end

local function tally(m, by)
  dirty = true
  if m[STAGE] == BURIED then
    S[DEAD] = S[DEAD] + by
    S[DEAD_BYTES] = S[DEAD_BYTES] + by * m[SIZE]
  else
    local place = COUNT + 5 * m[STAGE] + m[LANE]
    S[place] = S[place] + by
    S[BYTES] = S[BYTES] + by * m[SIZE]
  end
end

-- Puts a message that is nowhere into the order of a stage.
local function attach(id, m, stage)
  m[STAGE] = stage
  tally(m, 1)
  if can_expire(m) then
    call('ZADD', K .. ':x', m[EXPIRES], id)
    soon(m[EXPIRES])
  end
  if stage == READY then
    if m[GROUP] then
      local group = group_key(m)
      call('ZADD', K .. ':l', 0, group .. place_key(m, id))
      offer(group, m[LANE])
    else
      make_available(m[LANE], m[PLACE], id)
    end
  elseif stage == DELAYED then
    call('ZADD', K .. ':d', m[DUE], id)
    soon(m[DUE])
    if m[GROUP] and m[ATTEMPTS] > 0 then hold_up(m, 1) end
  elseif stage == HELD then
    call('ZADD', K .. ':h', m[UNTIL], id)
    soon(m[UNTIL])
    if m[GROUP] then hold_up(m, 1) end
  else
    call('ZADD', K .. ':z' .. m[REASON], m[DEATH_NO], id)
  end
end

-- Takes a message out of the order it is in.
local function detach(id, m)
  local stage = m[STAGE]
  tally(m, -1)
  if can_expire(m) then call('ZREM', K .. ':x', id) end
  if stage == READY then
    if m[GROUP] then
      local group = group_key(m)
      call('ZREM', K .. ':l', group .. place_key(m, id))
      offer(group, m[LANE])
    else
      make_unavailable(m[LANE], id)
    end
  elseif stage == DELAYED then
    call('ZREM', K .. ':d', id)
    if m[GROUP] and m[ATTEMPTS] > 0 then hold_up(m, -1) end
  elseif stage == HELD then
    call('ZREM', K .. ':h', id)
    if m[GROUP] then hold_up(m, -1) end
  else
    call('ZREM', K .. ':z' .. m[REASON], id)
  end
end

-- Puts a message that is nowhere in line, now or later.
local function settle(id, m)
  attach(id, m, m[DUE] > now and DELAYED or READY)
  save(id, m)
end

local function forget(id, m)
  detach(id, m)
  call('HDEL', K .. ':m', id, id .. 'p')
  if m[PAST] == 1 then call('HDEL', K .. ':f', id) end
end

-- What few calls need: made when it is needed, since making functions is most of what a call costs.
local made
local function rare()
  if made then return made end

  -- Failures, deaths it came back from, and the death it is dead by.
  local function past(id, m)
    return m[PAST] == 1 and cmsgpack.unpack(call('HGET', K .. ':f', id)) or {{}, {}, false}
  end

  local function remember(id, m, history)
    m[PAST] = 1
    call('HSET', K .. ':f', id, cmsgpack.pack(history))
  end

  local function push(kept, new)
    if #kept >= KEPT then table.remove(kept, 1) end
    kept[#kept + 1] = new
  end

  -- A failed attempt that was never started counts as started.
  local function attempts_with_this(m)
    return m[RUNNING] == 1 and m[ATTEMPTS] or m[ATTEMPTS] + 1
  end

  -- Makes a dead letter of a message. With a cause, an attempt at it has just failed.
  local function bury(id, m, reason, why, cause, text)
    local history = past(id, m)
    detach(id, m)
    if cause then
      m[ATTEMPTS] = attempts_with_this(m)
      push(history[1], {now, m[ATTEMPTS], cause, text})
    end
    m[RUNNING] = 0
    S[DEATH] = S[DEATH] + 1
    -- Deaths are in the order of their times, also where the clock was set back.
    S[DIED] = math.max(S[DIED], now)
    m[REASON], m[DEATH_NO], m[DEATH_AT] = reason, S[DEATH], S[DIED]
    history[3] = {S[DIED], m[ATTEMPTS], reason, why}
    remember(id, m, history)
    attach(id, m, BURIED)
    save(id, m)
    -- What is too much goes with the next look at the clock.
    if dead_max >= 0 and S[DEAD] > dead_max then soon(now) end
  end

  local is_seeded = false
  local function draw(max)
    -- The server begins each script with the same seed.
    if not is_seeded then
      math.randomseed(tonumber(ARGV[4]))
      is_seeded = true
    end
    return math.min(max, math.floor(math.random() * (max + 1)))
  end

  -- An attempt came to nothing: another one after `delay` or a backoff, or none.
  local function fail(id, m, cause, text, delay)
    local attempts = attempts_with_this(m)
    if attempts >= m[ATTEMPTS_MAX] then return bury(id, m, EXHAUSTED, '', cause, text) end
    if m[EXPIRES] <= now then return bury(id, m, EXPIRED, '', cause, text) end
    delay = delay or draw(math.min(cap, base * 2 ^ math.min(attempts - 1, 63)))
    local history = past(id, m)
    detach(id, m)
    m[ATTEMPTS], m[RUNNING], m[DUE] = attempts, 0, math.min(FAR - 1, now + delay)
    push(history[1], {now, attempts, cause, text})
    remember(id, m, history)
    settle(id, m)
  end

  local function run_out(id, m)
    m[GAVE_BACK] = 0
    if m[RUNNING] == 1 then
      fail(id, m, RAN_OUT, '')
    else
      detach(id, m)
      settle(id, m)
    end
  end

  local function trim(left)
    while dead_max >= 0 and S[DEAD] > dead_max and left > 0 do
      local oldest, number
      for reason = EXHAUSTED, REJECTED do
        local first = call('ZRANGE', K .. ':z' .. reason, 0, 0, 'WITHSCORES')
        if first[1] and (not number or tonumber(first[2]) < number) then
          oldest, number = first[1], tonumber(first[2])
        end
      end
      if not oldest then return end
      forget(oldest, load(oldest))
      left = left - 1
    end
  end

  -- Up to so many of a set whose time has come.
  local function due(suffix, left)
    return left > 0 and call('ZRANGEBYSCORE', K .. suffix, '-inf', now, 'LIMIT', 0, left) or {}
  end

  local function head(suffix)
    local first = call('ZRANGE', K .. suffix, 0, 0, 'WITHSCORES')
    return first[2] and tonumber(first[2]) or FAR
  end

  -- Does what is due, so much of it that nobody waits long.
  local function advance_now()
    local left = DUE_MAX
    for _, id in ipairs(due(':h', left)) do
      run_out(id, load(id))
      left = left - 1
    end
    for _, id in ipairs(due(':x', left)) do
      bury(id, load(id), EXPIRED, '')
      left = left - 1
    end
    for _, id in ipairs(due(':d', left)) do
      local m = load(id)
      detach(id, m)
      settle(id, m)
      left = left - 1
    end
    local prints = due(':q', left)
    if prints[1] then
      call('ZREM', K .. ':q', unpack(prints))
      call('HDEL', K .. ':k', unpack(prints))
      S[PRINTS] = S[PRINTS] - #prints
      left = left - #prints
    end
    trim(left)
    -- Fingerprints are not in force when their time is over; forgetting them can wait for others.
    local forgotten = head(':q')
    if forgotten < FAR then forgotten = math.ceil(forgotten / 1000) * 1000 end
    S[NEXT] = math.min(head(':h'), head(':x'), head(':d'), forgotten)
    if dead_max >= 0 and S[DEAD] > dead_max then S[NEXT] = now end
    dirty = true
  end

  made = {past = past, remember = remember, push = push, bury = bury, fail = fail, run_out = run_out, advance = advance_now}
  return made
end

-- Does what is due.
local function advance()
  if now >= S[NEXT] then rare().advance() end
end

local function has_available()
  if S[PAUSED] == 1 then return false end
  for lane = 1, 5 do
    if S[AVAIL + lane] > 0 then return true end
  end
  return false
end

-- Ends every script that may have changed something. Whoever waits is told when there may be something for it, or sooner than it thinks.
local function finish(...)
  if S[WAITING] == 1 and (sooner or (woke and has_available())) then
    S[WAITING] = 0
    dirty = true
    call('PUBLISH', K .. ':wake', '')
  end
  if dirty then call('SET', K, cmsgpack.pack(S)) end
  return ...
end

-- The message that a token is a lease of, or why it is none.
local function holder(epoch, number, id)
  local m = load(id)
  if epoch > S[EPOCH] or number < 1 then return nil, NEVER_GIVEN end
  if number > S[LEASE] then return nil, epoch == S[EPOCH] and NEVER_GIVEN or RESTARTED end
  if not m then return nil, GONE end
  if m[STAGE] == HELD and m[TOKEN_EPOCH] == epoch and m[TOKEN] == number then
    if m[UNTIL] > now then return m end
    rare().run_out(id, m)
  end
  if m[STAGE] == BURIED then return nil, IS_DEAD end
  if m[TOKEN_EPOCH] > epoch or (m[TOKEN_EPOCH] == epoch and m[TOKEN] > number) then return nil, REPLACED end
  if m[TOKEN_EPOCH] ~= epoch or m[TOKEN] ~= number then return nil, GONE end
  return nil, m[GAVE_BACK] == 1 and GIVEN_BACK or OVER
end
