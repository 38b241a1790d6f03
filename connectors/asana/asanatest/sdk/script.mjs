// Drives the Asana simulator with Asana's own client: what that client accepts and understands is what Asana answers.
// Environment: BASE (…/api/1.0), TOKEN, PROJECT. Exits 1 at the first thing that is not as the client's users know it.
import assert from 'node:assert/strict';
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
  const field = await customField(await people());
  const gid = await oneTask(field);
  await paging();
  await batch(gid);
  await changes(gid);
  await gone(gid);
  console.log('ok: users, workspaces, fields, tasks, stories, paging, batch, events, refusals');
}

main().catch((err) => {
  console.error(err.response ? `${err.status} ${JSON.stringify(err.response.body)}` : '', err);
  process.exit(1);
});
