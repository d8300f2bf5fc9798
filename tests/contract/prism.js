// Judges recorded exchanges with Prism: node prism.js FILE, where FILE is {"documents": [OpenAPI, ...], "exchanges": [...]}.
// Prints [{exchange, problems: [{side, rule, place, message}]}] of those that break their document; `document` is its number.
const { readFileSync } = require('fs');
const { createRequire } = require('module');
const required = createRequire(process.env.PRISM + '/package.json');
const { getHttpOperationsFromSpec } = required('@stoplight/prism-http');
const { validateInput, validateOutput } = required('@stoplight/prism-http/dist/validator');
const route = required('@stoplight/prism-http/dist/router').default;
const E = required('fp-ts/Either');

const parsed = (text, headers) => {
  if (!text) return undefined;
  return /json/.test(headers['content-type'] || '') ? JSON.parse(text) : text;
};

const query = pairs => {
  const values = {};
  for (const [name, value] of pairs) {
    values[name] = name in values ? [].concat(values[name], value) : value;
  }
  return values;
};

const valueAt = (body, path) => path.slice(1).reduce((value, part) => (value ? value[part] : value), body);

const told = (side, body) => ({ code, path = [], message }) => {
  const value = valueAt(body, path);
  const rule = value === null ? 'null' : String(code || 'status');
  return { side, rule, place: path.map(String), message, value: value === undefined ? '' : value };
};

const judged = (resource, exchange) => {
  const request = {
    method: exchange.method.toLowerCase(),
    url: { path: exchange.path, query: query(exchange.query) },
    headers: exchange.body ? { ...exchange.headers, 'content-length': String(exchange.body.length) } : exchange.headers,
    body: parsed(exchange.body, exchange.headers),
  };
  const answer = {
    statusCode: exchange.status,
    headers: exchange.answer_headers,
    body: parsed(exchange.answer, exchange.answer_headers),
  };
  const problems = [];
  for (const [side, result] of [
    ['request', validateInput({ resource, element: request })],
    ['answer', validateOutput({ resource, element: answer })],
  ]) {
    if (E.isLeft(result)) problems.push(...result.left.map(told(side, side === 'request' ? request.body : answer.body)));
  }
  return problems;
};

const main = async () => {
  const { documents, exchanges } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
  const operations = [];
  for (const document of documents) operations.push(await getHttpOperationsFromSpec(document));
  const found = [];
  exchanges.forEach((exchange, number) => {
    const input = { method: exchange.method.toLowerCase(), url: { path: exchange.path, query: {} } };
    const resource = route({ resources: operations[exchange.document], input });
    const problems = E.isLeft(resource)
      ? [{ side: 'request', rule: 'operation', place: [], message: resource.left.detail || resource.left.message, value: '' }]
      : judged(resource.right, exchange);
    if (problems.length) found.push({ exchange: number, problems });
  });
  process.stdout.write(JSON.stringify(found));
};

main();
