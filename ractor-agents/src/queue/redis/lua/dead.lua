-- Which dead letters a filter means, and what operators do with them.
-- ARGV[5]: show, redrive or discard. ARGV[6..8]: messages and bytes at most, bytes after which to stop. ARGV[9]: ids, or a filter. Then names; or reason
-- or 0, since, before, the number to begin behind, how many.
local doing = ARGV[5]
advance()

-- The number of the first death of a reason at that time or later.
local function first_since(reason, time)
  local low, high = 0, call('ZCARD', K .. ':z' .. reason)
  while low < high do
    local middle = math.floor((low + high) / 2)
    local id = call('ZRANGE', K .. ':z' .. reason, middle, middle)[1]
    if load(id)[DEATH_AT] < time then low = middle + 1 else high = middle end
  end
  local found = call('ZRANGE', K .. ':z' .. reason, low, low, 'WITHSCORES')
  return found[2] and tonumber(found[2]) or FAR
end

local function filtered(reason_wanted, since, before, after, count)
  local found = {}
  for reason = EXHAUSTED, REJECTED do
    if reason_wanted == 0 or reason_wanted == reason then
      local from = after + 1
      if since > 0 then from = math.max(from, first_since(reason, since)) end
      local to = before < FAR and '(' .. string.format('%.0f', first_since(reason, before)) or '+inf'
      local some = call('ZRANGEBYSCORE', K .. ':z' .. reason, from, to, 'WITHSCORES', 'LIMIT', 0, count)
      for i = 1, #some, 2 do found[#found + 1] = {tonumber(some[i + 1]), some[i]} end
    end
  end
  table.sort(found, function(one, other) return one[1] < other[1] end)
  local ids = {}
  for i = 1, math.min(count, #found) do ids[i] = found[i][2] end
  return ids
end

local ids = {}
if ARGV[9] == 'ids' then
  local seen = {}
  for i = 10, #ARGV do
    if not seen[ARGV[i]] then ids[#ids + 1] = ARGV[i] end
    seen[ARGV[i]] = true
  end
else
  ids = filtered(tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12]), tonumber(ARGV[13]), tonumber(ARGV[14]))
end

local letters, bytes = {}, 0
local bytes_max = doing == 'show' and tonumber(ARGV[8]) or FAR
for _, id in ipairs(ids) do
  local m = load(id)
  if m and m[STAGE] == BURIED and bytes < bytes_max then
    letters[#letters + 1] = {id, m}
    bytes = bytes + m[SIZE]
  end
end

if doing == 'show' then
  local answer = {}
  for i, letter in ipairs(letters) do answer[i] = show(letter[1], letter[2]) end
  return finish(answer)
end
if doing == 'redrive' then
  local in_queue = 0
  for place = COUNT + 6, COUNT + 20 do in_queue = in_queue + S[place] end
  for i, bound in ipairs({{in_queue, #letters}, {S[BYTES], bytes}}) do
    local used, wanted, max = bound[1], bound[2], tonumber(ARGV[5 + i])
    if wanted > max then return finish({2, i}) end
    if wanted > 0 and used + wanted > max then return finish({1, i}) end
  end
end
for _, letter in ipairs(letters) do
  local id, m = letter[1], letter[2]
  if doing == 'discard' then
    forget(id, m)
  else
    local history = rare().past(id, m)
    detach(id, m)
    rare().push(history[2], history[3])
    history[3] = false
    rare().remember(id, m, history)
    S[ORDER] = S[ORDER] + 1
    m[PLACE], m[ATTEMPTS], m[DUE], m[EXPIRES], m[TOKEN_EPOCH], m[TOKEN] = S[ORDER], 0, 0, FAR, 0, 0
    settle(id, m)
  end
end
return finish({0, #letters})
