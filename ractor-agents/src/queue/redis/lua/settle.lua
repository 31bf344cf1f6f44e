-- ARGV[5..7]: the token, its name last. ARGV[8]: what is said; ARGV[9] and ARGV[10] what belongs to it.
advance()
local id, said = ARGV[7], ARGV[8]
local m, stale = holder(tonumber(ARGV[5]), tonumber(ARGV[6]), id)
if not m then return finish({0, stale}) end

if said == 'start' then
  if m[RUNNING] == 0 then
    if can_expire(m) then call('ZREM', K .. ':x', id) end
    m[RUNNING], m[ATTEMPTS] = 1, m[ATTEMPTS] + 1
    save(id, m)
  end
  return finish({1, m[ATTEMPTS]})
elseif said == 'extend' then
  local longer = math.min(FAR - 1, now + tonumber(ARGV[9]))
  if longer > m[UNTIL] then
    m[UNTIL] = longer
    call('ZADD', K .. ':h', longer, id)
    save(id, m)
  end
elseif said == 'ack' then
  forget(id, m)
elseif said == 'nack' then
  m[GAVE_BACK] = 1
  rare().fail(id, m, FAILED, ARGV[10], ARGV[9] ~= '' and tonumber(ARGV[9]) or nil)
  return finish({1, m[STAGE] == BURIED and 1 or 0})
elseif said == 'release' then
  if m[RUNNING] == 1 then return finish({2, 0}) end
  m[GAVE_BACK] = 1
  detach(id, m)
  settle(id, m)
elseif said == 'bury' then
  rare().bury(id, m, REJECTED, ARGV[10])
end
return finish({1, 0})
