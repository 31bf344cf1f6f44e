-- ARGV[5..]: tokens of leases that nobody needs any more, their names last. What was started on runs out.
advance()
for i = 5, #ARGV, 3 do
  local id = ARGV[i + 2]
  local m = holder(tonumber(ARGV[i]), tonumber(ARGV[i + 1]), id)
  if m and m[RUNNING] == 0 then
    m[GAVE_BACK] = 1
    detach(id, m)
    settle(id, m)
  end
end
return finish(1)
