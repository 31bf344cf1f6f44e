-- ARGV[5..8]: messages, bytes and fingerprints at most, and the dedup window. Then for each message name, priority, group or nothing with a mark
-- before it, delay, time to live or -1, attempts, fingerprint or nothing, payload.
local FIRST, EACH = 9, 8
local window = tonumber(ARGV[8])
advance()

local answers, fresh = {0}, {}
local count, bytes, prints = 0, 0, 0
local names_before, prints_before = {}, {}
for i = FIRST, #ARGV, EACH do
  local id, print = ARGV[i], ARGV[i + 6]
  local known = false
  if print ~= '' then
    known = prints_before[print]
    if not known then
      local forgotten = call('ZSCORE', K .. ':q', print)
      known = forgotten and tonumber(forgotten) > now and call('HGET', K .. ':k', print)
    end
  end
  if not known and (names_before[id] or call('HEXISTS', K .. ':m', id) == 1) then known = id end
  if known then
    answers[#answers + 1] = known
  else
    answers[#answers + 1] = 0
    fresh[#fresh + 1] = i
    count = count + 1
    bytes = bytes + #ARGV[i + 7] + math.max(0, #ARGV[i + 2] - 1)
    names_before[id] = true
    if print ~= '' then
      prints = prints + 1
      prints_before[print] = id
    end
  end
end

local in_queue = 0
for place = COUNT + 6, COUNT + 20 do in_queue = in_queue + S[place] end
local bounds = {{in_queue, count}, {S[BYTES], bytes}, {S[PRINTS], prints}}
for i, bound in ipairs(bounds) do
  local used, wanted, max = bound[1], bound[2], tonumber(ARGV[4 + i])
  if wanted > max then return finish({2, i}) end
  if wanted > 0 and used + wanted > max then return finish({1, i}) end
end

for _, i in ipairs(fresh) do
  local id, group, delay, ttl, print = ARGV[i], ARGV[i + 2], tonumber(ARGV[i + 3]), tonumber(ARGV[i + 4]), ARGV[i + 6]
  S[ORDER] = S[ORDER] + 1
  local m = {
    S[ORDER], now, delay > 0 and math.min(FAR - 1, now + delay) or 0, ttl >= 0 and math.min(FAR, now + ttl) or FAR,
    0, 0, 0, tonumber(ARGV[i + 5]), tonumber(ARGV[i + 1]), #ARGV[i + 7] + math.max(0, #group - 1), 0, 0, 0,
    #group > 0 and string.sub(group, 2), 0, 0, 0, 0, 0,
  }
  attach(id, m, m[DUE] > now and DELAYED or READY)
  call('HSET', K .. ':m', id, cmsgpack.pack(m), id .. 'p', ARGV[i + 7])
  if print ~= '' then
    local forgotten = math.min(FAR - 1, now + window)
    S[PRINTS] = S[PRINTS] + call('ZADD', K .. ':q', forgotten, print)
    call('HSET', K .. ':k', print, id)
    soon(math.ceil(forgotten / 1000) * 1000)
  end
end
return finish(answers)
