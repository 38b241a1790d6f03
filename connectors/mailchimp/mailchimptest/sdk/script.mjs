// Drives the simulator at BASE with the vendor's SDK and exits 1 at the first answer that the SDK does not understand as it
// should. The Go test that runs it has seeded 250 people and gives a key and an access token.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import mailchimp from '@mailchimp/mailchimp_marketing'

const { BASE, API_KEY, ACCESS_TOKEN, HOOK } = process.env

// The SDK makes the host out of the data centre; the simulator is on another one.
const at = (config) => {
  mailchimp.setConfig(config)
  for (const api of Object.values(mailchimp)) {
    if (api && api.apiClient) api.apiClient.basePath = `${BASE}/3.0`
  }
  return mailchimp
}
const md5 = (address) => createHash('md5').update(address.toLowerCase()).digest('hex')
const refused = (status, title) => (e) => e.status === status && (!title || e.response.body.title === title)

// Sign-in: a wrong key, the data centre of another account, a token, a key.
const other = (API_KEY[0] === '0' ? '1' : '0') + API_KEY.slice(1)
await assert.rejects(at({ apiKey: other, server: 'us19' }).ping.get(), refused(401, 'API Key Invalid'))
await assert.rejects(at({ apiKey: API_KEY.replace(/us19$/, 'us3'), server: 'us3' }).ping.get(), refused(403))
assert.equal((await at({ accessToken: ACCESS_TOKEN, server: 'us19' }).ping.get()).health_status, "Everything's Chimpy!")
const api = at({ apiKey: API_KEY, server: 'us19' })
assert.equal((await api.root.getRoot()).role, 'owner')

// Audiences.
const all = await api.lists.getAllLists({ count: 100 })
assert.equal(all.total_items, 2)
const list = all.lists.find((l) => l.name === 'Customers').id
assert.equal((await api.lists.getList(list)).stats.member_count + (await api.lists.getList(list)).stats.unsubscribe_count, 250)
assert.ok((await api.lists.getListMergeFields(list)).merge_fields.some((f) => f.tag === 'FNAME'))
await assert.rejects(api.lists.getList('nosuchlist'), refused(404, 'Resource Not Found'))

// Members: pages, filters, order.
const seen = new Set()
for (let offset = 0; ; offset += 100) {
  const page = await api.lists.getListMembersInfo(list, { count: 100, offset, sortField: 'last_changed', sortDir: 'ASC' })
  assert.ok(page.members.every((m, i) => i === 0 || page.members[i - 1].last_changed <= m.last_changed), 'in the order of their last change')
  page.members.forEach((m) => seen.add(m.contact_id))
  if (offset + page.members.length >= page.total_items) break
}
assert.equal(seen.size, 250, 'the list pages through all members, each once')
assert.equal((await api.lists.getListMembersInfo(list)).members.length, 10, 'ten a page unless it is said otherwise')
assert.equal((await api.lists.getListMembersInfo(list, { status: 'nonsense' })).total_items, 0)
const bare = await api.lists.getListMembersInfo(list, { fields: ['members.email_address', 'total_items'], count: 1 })
assert.deepEqual(Object.keys(bare.members[0]), ['email_address'])

// One member: add, twice, upsert, tags, a new address, archive, come back, gone for good.
const made = await api.lists.addListMember(list, { email_address: 'grace@sdk.example', status: 'subscribed', merge_fields: { FNAME: 'Grace' } })
assert.equal(made.full_name, 'Grace')
await assert.rejects(api.lists.addListMember(list, { email_address: 'grace@sdk.example', status: 'subscribed' }), refused(400, 'Member Exists'))
await assert.rejects(api.lists.addListMember(list, { email_address: 'grace', status: 'subscribed' }), refused(400, 'Invalid Resource'))
assert.equal(made.id, md5('grace@sdk.example'))
const set = await api.lists.setListMember(list, made.id, { email_address: 'grace@sdk.example', status_if_new: 'subscribed', merge_fields: { LNAME: 'Hopper' } })
assert.equal(set.full_name, 'Grace Hopper')
await api.lists.updateListMemberTags(list, made.id, { tags: [{ name: 'navy', status: 'active' }] })
assert.deepEqual((await api.lists.getListMember(list, made.contact_id)).tags.map((t) => t.name), ['navy'], 'a contact id is a name of a member, too')
assert.deepEqual((await api.lists.tagSearch(list, { name: 'na' })).tags.map((t) => t.name), ['navy'])
const moved = await api.lists.updateListMember(list, made.id, { email_address: 'hopper@sdk.example' })
assert.equal(moved.contact_id, made.contact_id)
assert.notEqual(moved.id, made.id)
assert.notEqual(moved.unique_email_id, made.unique_email_id)
await assert.rejects(api.lists.getListMember(list, made.id), refused(404))
await api.lists.deleteListMember(list, moved.id)
await assert.rejects(api.lists.deleteListMember(list, moved.id), refused(405))
assert.equal((await api.lists.getListMember(list, moved.id)).status, 'archived')
assert.equal((await api.lists.getListMembersInfo(list, { uniqueEmailId: moved.unique_email_id })).total_items, 0, 'not in the bare list')
assert.equal((await api.lists.getListMembersInfo(list, { uniqueEmailId: moved.unique_email_id, status: 'archived' })).total_items, 1)
await api.lists.setListMember(list, moved.id, { email_address: 'hopper@sdk.example', status: 'subscribed' })
assert.equal((await api.lists.getListMembersInfo(list, { uniqueEmailId: moved.unique_email_id })).total_items, 1)
await api.lists.deleteListMemberPermanent(list, moved.id)
await assert.rejects(api.lists.getListMember(list, moved.id), refused(404))

// Many members.
const batch = await api.lists.batchListMembers(list, { members: [{ email_address: 'a@sdk.example', status: 'subscribed' }, { email_address: 'nonsense', status: 'subscribed' }], update_existing: true })
assert.deepEqual([batch.total_created, batch.error_count], [1, 1])
await assert.rejects(api.lists.batchListMembers(list, { members: Array.from({ length: 501 }, (_, i) => ({ email_address: `b${i}@sdk.example`, status: 'subscribed' })) }), refused(400))

// What changed since: the second itself is left out at the beginning and there at the end.
const last = (await api.lists.getListMember(list, md5('a@sdk.example'))).last_changed
const since = async (opt) => (await api.lists.getListMembersInfo(list, { ...opt, count: 1000 })).members.some((m) => m.email_address === 'a@sdk.example')
assert.equal(await since({ sinceLastChanged: last }), false)
assert.equal(await since({ beforeLastChanged: last }), true)

// Campaigns, reports and what recipients did.
const campaigns = await api.campaigns.list({ count: 10 })
assert.equal(campaigns.total_items, 3)
const reports = await api.reports.getAllCampaignReports({ count: 10 })
assert.ok(reports.reports.every((r) => r.opens.opens_total > 0))
const activity = await api.reports.getEmailActivityForCampaign(campaigns.campaigns[0].id, { count: 1000 })
assert.ok(activity.emails.length === activity.total_items && activity.emails.every((e) => e.activity.length > 0))

// Webhooks: the address is asked first, also for a change; the signing secret is shown once.
const hook = await api.lists.createListWebhook(list, { url: HOOK, events: { subscribe: true, upemail: true }, sources: { user: true, admin: true, api: false } })
assert.ok(hook.signing_secret)
await assert.rejects(api.lists.createListWebhook(list, { url: `${HOOK}/nobody`, events: {}, sources: {} }), refused(400, 'Invalid Resource'))
const hooks = await api.lists.getListWebhooks(list)
assert.deepEqual([hooks.total_items, hooks.webhooks[0].id, hooks.list_id], [1, hook.id, list])
const shown = await api.lists.getListWebhook(list, hook.id)
assert.deepEqual([shown.url, shown.events.upemail, shown.events.profile, shown.sources.api, shown.signing_secret], [HOOK, true, false, false, undefined])
const changed = await api.lists.updateListWebhook(list, hook.id, { events: { upemail: false, profile: true }, sources: { user: true, admin: true, api: true } })
assert.deepEqual([changed.events.upemail, changed.events.profile, changed.sources.api, changed.url], [false, true, true, HOOK])
await assert.rejects(api.lists.updateListWebhook(list, hook.id, { url: `${HOOK}/nobody` }), refused(400, 'Invalid Resource'))
await api.lists.deleteListWebhook(list, hook.id)
await assert.rejects(api.lists.getListWebhook(list, hook.id), refused(404, 'Resource Not Found'))
await assert.rejects(api.lists.deleteListWebhook(list, hook.id), refused(404))

console.log('the SDK understood every answer')
