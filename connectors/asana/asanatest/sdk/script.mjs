// Drives the Asana simulator with Asana's own client: what that client accepts and understands is what Asana answers.
// Environment: BASE (…/api/1.0), TOKEN, PROJECT. What happens is delivered meanwhile. Exits 1 at the first thing that is not as the client's users know it.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import Asana from 'asana';

const client = new Asana.ApiClient();
client.basePath = process.env.BASE;
client.authentications.token.accessToken = process.env.TOKEN;
const project = process.env.PROJECT;

const users = new Asana.UsersApi(client);
const workspaces = new Asana.WorkspacesApi(client);
const tasks = new Asana.TasksApi(client);
const stories = new Asana.StoriesApi(client);
const sections = new Asana.SectionsApi(client);
const fields = new Asana.CustomFieldsApi(client);
const settings = new Asana.CustomFieldSettingsApi(client);
const projects = new Asana.ProjectsApi(client);
const batches = new Asana.BatchAPIApi(client);
const events = new Asana.EventsApi(client);
const webhooks = new Asana.WebhooksApi(client);

// refused waits for a refusal and returns its status and body.
async function refused(promise) {
  try {
    await promise;
  } catch (err) {
    assert.ok(err.response, `no response: ${err}`);
    return { status: err.status, body: err.response.body };
  }
  return assert.fail('the call was not refused');
}

async function people() {
  const me = (await users.getUser('me', {})).data;
  const spaces = (await workspaces.getWorkspaces({ limit: 100 })).data;
  assert.equal(spaces.length, 1);
  const all = (await users.getUsers({ workspace: spaces[0].gid, limit: 50 })).data;
  assert.ok(all.some((u) => u.gid === me.gid), 'me is among the users');
  return spaces[0].gid;
}

async function customField(workspace) {
  const made = (await fields.createCustomField({ data: {
    workspace, name: 'SDK stage', resource_subtype: 'enum', enum_options: [{ name: 'Open' }, { name: 'Won' }],
  } }, {})).data;
  await projects.addCustomFieldSettingForProject({ data: { custom_field: made.gid } }, project, {});
  const list = (await settings.getCustomFieldSettingsForProject(project, { limit: 10 })).data;
  assert.ok(list.some((s) => s.custom_field.gid === made.gid), 'the field is on the project');
  return made;
}

async function oneTask(field) {
  const won = field.enum_options[1];
  const body = { data: {
    name: 'From the SDK ✓', html_notes: '<body>Mittens <em>really</em> likes it.</body>', approval_status: 'pending',
    assignee_status: 'upcoming', completed: false, liked: true, assignee: 'me', projects: [project], custom_fields: { [field.gid]: won.gid },
  } };
  const made = (await tasks.createTask(body, {})).data;
  assert.equal(made.name, 'From the SDK ✓');
  assert.equal(made.notes, 'Mittens really likes it.');
  await tasks.updateTask({ data: { due_on: '2026-12-24' } }, made.gid, {});
  const got = (await tasks.getTask(made.gid, { opt_fields: 'name,due_on,custom_fields.display_value' })).data;
  assert.equal(got.due_on, '2026-12-24');
  assert.equal(got.custom_fields[0].display_value, 'Won');
  assert.equal(got.notes, undefined);
  await stories.createStoryForTask({ data: { text: 'a comment' } }, made.gid, {});
  const told = (await stories.getStoriesForTask(made.gid, { limit: 10 })).data;
  assert.ok(told.some((s) => s.text === 'a comment'));
  return made.gid;
}

async function paging() {
  for (let i = 0; i < 24; i += 1) {
    await tasks.createTask({ data: { name: `page ${i}`, projects: [project] } }, {});
  }
  const seen = new Set();
  let page = await tasks.getTasks({ project, limit: 10 });
  let pages = 0;
  while (page.data) {
    page.data.forEach((t) => seen.add(t.gid));
    pages += 1;
    page = await page.nextPage();
  }
  assert.equal(seen.size, 25);
  assert.equal(pages, 3);
}

async function batch(gid) {
  const columns = (await sections.getSectionsForProject(project, { limit: 10 })).data;
  const result = (await batches.createBatchRequest({ data: { actions: [
    { method: 'get', relative_path: `/tasks/${gid}`, options: { fields: ['name'] } },
    { method: 'post', relative_path: `/sections/${columns[1].gid}/addTask`, data: { task: gid } },
    { method: 'get', relative_path: '/tasks/12' },
  ] } }, {})).data;
  assert.deepEqual(result.map((r) => r.status_code), [200, 200, 404]);
  assert.equal(result[0].body.data.name, 'From the SDK ✓');
  const moved = (await tasks.getTasksForSection(columns[1].gid, { limit: 10 })).data;
  assert.deepEqual(moved.map((t) => t.gid), [gid]);
}

async function changes(gid) {
  const first = await refused(events.getEvents(project, {}));
  assert.equal(first.status, 412);
  await tasks.updateTask({ data: { completed: true } }, gid, {});
  const list = await events.getEvents(project, { sync: first.body.sync });
  assert.ok(list.data.some((e) => e.resource.gid === gid && e.change.field === 'completed'));
}

// receiver does what Asana's guide says a receiver has to do: it echoes the secret and checks signatures with it.
async function receiver() {
  const got = [];
  let secret;
  const server = createServer(async (req, res) => {
    const body = Buffer.concat(await req.toArray());
    if (req.headers['x-hook-secret']) {
      secret = req.headers['x-hook-secret'];
      res.setHeader('X-Hook-Secret', secret);
    } else if (req.headers['x-hook-signature'] === createHmac('sha256', secret).update(body).digest('hex')) {
      got.push(...JSON.parse(body).events);
    } else {
      res.statusCode = 401;
    }
    res.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${server.address().port}/hook`, got, close: () => server.close() };
}

async function hooks(workspace, gid) {
  const at = await receiver();
  const body = { data: { resource: project, target: at.url, filters: [{ resource_type: 'task', action: 'changed', fields: ['name'] }] } };
  const made = (await webhooks.createWebhook(body, {})).data;
  assert.ok(made.active && made.resource.gid === project && made.target === at.url);
  assert.equal((await refused(webhooks.createWebhook(body, {}))).status, 403);
  await tasks.updateTask({ data: { name: 'Told ✓' } }, gid, {});
  for (let i = 0; i < 100 && at.got.length === 0; i += 1) {
    await new Promise((done) => { setTimeout(done, 50); });
  }
  assert.deepEqual(at.got.map((e) => [e.action, e.resource.gid, e.change.field]), [['changed', gid, 'name']]);
  const list = await webhooks.getWebhooks(workspace, { limit: 10, opt_fields: 'active,filters,last_success_at,delivery_retry_count' });
  assert.deepEqual(list.data.map((h) => [h.gid, h.active, h.delivery_retry_count, h.filters[0].action]), [[made.gid, true, 0, 'changed']]);
  assert.ok(Date.parse(list.data[0].last_success_at) > 0);
  const narrowed = (await webhooks.updateWebhook({ data: { filters: [{ resource_type: 'task', action: 'deleted' }] } }, made.gid, {})).data;
  assert.equal(narrowed.filters[0].action, 'deleted');
  assert.equal((await webhooks.getWebhook(made.gid, {})).data.filters.length, 1);
  await webhooks.deleteWebhook(made.gid);
  assert.equal((await refused(webhooks.getWebhook(made.gid, {}))).status, 404);
  at.close();
  assert.equal((await refused(webhooks.createWebhook(body, {}))).status, 400, 'nobody echoes the secret');
}

async function gone(gid) {
  await tasks.deleteTask(gid);
  assert.equal((await refused(tasks.getTask(gid, {}))).status, 404);
  const bad = await refused(tasks.createTask({ data: { name: 'nowhere' } }, {}));
  assert.equal(bad.status, 400);
  assert.ok(bad.body.errors[0].message);
  client.authentications.token.accessToken = 'wrong';
  assert.equal((await refused(users.getUser('me', {}))).status, 401);
}

async function main() {
  const workspace = await people();
  const field = await customField(workspace);
  const gid = await oneTask(field);
  await paging();
  await batch(gid);
  await changes(gid);
  await hooks(workspace, gid);
  await gone(gid);
  console.log('ok: users, workspaces, fields, tasks, stories, paging, batch, events, webhooks, refusals');
}

main().catch((err) => {
  console.error(err.response ? `${err.status} ${JSON.stringify(err.response.body)}` : '', err);
  process.exit(1);
});
