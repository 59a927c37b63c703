/**
 * The reference part of docs/api.md, written from an OpenAPI document: routes with their parameters, bodies, answers and
 * errors, then every named schema with its members and an example. Pure: the same document gives the same text.
 */

const lineCharsMax = 110;

/** Everything below this line of docs/api.md is generated. */
export const referenceHeading = '## Reference';

/** Markdown from `referenceHeading` to the end of the file. */
export function apiReference(document) {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      operation,
      codes: codesOf(operation),
    })),
  );
  const common = commonCodes(operations);
  const { schemas } = document.components;
  const shown = exampleNames(operations);
  const lines = [
    referenceHeading,
    '',
    'Written by `npm run docs:api` from the schemas that requests are parsed with; change those, not this part.',
    '',
    ...overview(operations),
    '',
    `Any route can answer with ${listOfCodes(common.all)}; one that needs a key also with ${listOfCodes(common.keyed)}. ` +
      'They are not repeated below; [errors.md](errors.md) says what to do about each. Any request may have the headers ' +
      `${headersOf(document)}.`,
    '',
    ...operations.flatMap((entry) => route(entry, common, document)),
    '## Schemas',
    '',
    ...Object.entries(schemas).flatMap(([name, schema]) => component(name, schema, shown.has(name))),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

function overview(operations) {
  const rows = operations.map(({ name, operation }) => {
    const link = `[\`${name}\`](#${anchor(name)})`;
    return `| ${link} | ${scopesOf(operation)} | ${cell(operation.summary)} |`;
  });
  return ['| route | scope | what it does |', '|---|---|---|', ...rows];
}

/** The scopes one of which a key must have; `admin` has all. */
function scopesOf(operation) {
  if (operation.security.length === 0) return 'none, no key';
  const names = [...new Set(operation.security.flatMap((scheme) => Object.values(scheme).flat()))];
  const own = names.filter((name) => name !== 'admin');
  if (names.length === 0) return 'any key';
  return (own.length === 0 ? names : own).map(code).join(' or ');
}

function codesOf(operation) {
  return Object.entries(operation.responses).flatMap(([status, { description }]) =>
    Number(status) < 400
      ? []
      : [...description.matchAll(/`(\w+)`:/g)].map(([, name]) => ({ name, status: Number(status) })),
  );
}

/** Codes that every route has, and those that every route with a key has besides. */
function commonCodes(operations) {
  const keyed = operations.filter(({ operation }) => operation.security.length > 0);
  const all = sharedBy(operations);
  const names = new Set(all.map(({ name }) => name));
  return { all, keyed: sharedBy(keyed).filter(({ name }) => !names.has(name)) };
}

function sharedBy(operations) {
  const [first] = operations;
  return first.codes.filter((one) =>
    operations.every(({ codes }) => codes.some(({ name }) => name === one.name)),
  );
}

function listOfCodes(codes) {
  return codes.map(({ name, status }) => `${status} \`${name}\``).join(', ');
}

function headersOf(document) {
  const names = ['RequestId', 'Traceparent'].map((name) => document.components.parameters[name]);
  return names
    .map(({ name, description }) => `\`${name}\` (${lowerFirst(description.replace(/\.$/, ''))})`)
    .join(' and ');
}

function route({ name, operation, codes }, common, document) {
  const hidden = new Set([...common.all, ...common.keyed].map((one) => one.name));
  const own = codes.filter((one) => !hidden.has(one.name));
  const { schemas } = document.components;
  return [
    `### ${name}`,
    '',
    [operation.summary, operation.description].filter((text) => text !== undefined).join(' '),
    '',
    ...parameterTable(operation, document),
    ...body(operation.requestBody, schemas),
    ...answers(operation.responses, schemas),
    ...(own.length === 0 ? [] : [`Errors: ${listOfCodes(own)}.`, '']),
  ];
}

/** Path, query and conditional headers; what any request may have stands above. */
function parameterTable({ parameters }, document) {
  const shown = parameters
    .map((parameter) =>
      '$ref' in parameter ? document.components.parameters[parameter.$ref.split('/').at(-1)] : parameter,
    )
    .filter(({ name }) => name !== 'x-request-id' && name !== 'traceparent');
  if (shown.length === 0) return [];
  const rows = shown.map(({ name, in: place, required, schema, description }) => {
    const meaning = description ?? schema.description ?? '';
    return `| \`${name}\` | ${place} | ${cell(typeText(schema))} | ${presence(schema, required === true)} | ${cell(meaning)} |`;
  });
  return ['| parameter | in | type | default | meaning |', '|---|---|---|---|---|', ...rows, ''];
}

function body(requestBody, schemas) {
  if (requestBody === undefined) return [];
  return Object.entries(requestBody.content).flatMap(([type, { schema }]) => [
    `Body (\`${type}\`): ${typeText(schema)}`,
    '',
    ...example(schema, schemas),
  ]);
}

function answers(responses, schemas) {
  return Object.entries(responses)
    .filter(([status]) => Number(status) < 400)
    .flatMap(([status, { description, content = {}, headers }]) => {
      const extra = Object.keys(headers).filter((name) => name !== 'x-request-id' && name !== 'traceparent');
      const kinds = Object.entries(content).map(([type, { schema }]) =>
        schema === undefined ? `\`${type}\`` : `\`${type}\`: ${typeText(schema)}`,
      );
      const head = kinds.length === 0 ? '' : ` ${kinds.join('; ')}.`;
      const also = extra.length === 0 ? '' : ` Headers: ${extra.map(code).join(', ')}.`;
      const [main] = Object.values(content);
      const members = main?.schema === undefined || '$ref' in main.schema ? [] : memberTable(main.schema);
      return [
        `Answer ${status}: ${lowerFirst(description)}${head}${also}`,
        '',
        ...members,
        ...example(main?.schema, schemas),
      ];
    });
}

/** Names of the schemas whose first example stands with a route. */
function exampleNames(operations) {
  const contents = operations.flatMap(({ operation }) => [
    ...Object.values(operation.requestBody?.content ?? {}),
    ...Object.entries(operation.responses)
      .filter(([status]) => Number(status) < 400)
      .flatMap(([, { content = {} }]) => Object.values(content).slice(0, 1)),
  ]);
  return new Set(contents.map(({ schema }) => schema?.$ref?.split('/').at(-1)));
}

/** The first example of a schema that has a name; its others stand with the schema. */
function example(schema, schemas) {
  const shown = schemas[schema?.$ref?.split('/').at(-1)]?.examples?.[0];
  return shown === undefined ? [] : jsonBlock(shown);
}

/** @param isShown its first example stands with a route */
function component(name, schema, isShown) {
  const branches = schema.oneOf ?? schema.anyOf;
  const examples = (schema.examples ?? []).slice(isShown ? 1 : 0);
  return [
    `### ${name}`,
    '',
    ...(schema.description === undefined ? [] : [schema.description, '']),
    ...(branches === undefined
      ? memberTable(schema)
      : ['One of', '', ...branches.map((one) => `- ${typeText(one, true)}`), '']),
    ...examples.flatMap(jsonBlock),
  ];
}

function memberTable(schema) {
  const rows = members(schema, '');
  if (rows.length === 0) return [`${typeText(schema)}`, ''];
  return ['| member | type | default | meaning |', '|---|---|---|---|', ...rows, ''];
}

/** A row for each member; those of objects without a name of their own follow with their path. */
function members(schema, prefix) {
  const { properties = {}, required = [] } = schema;
  return Object.entries(properties).flatMap(([name, property]) => {
    const path = `${prefix}${name}`;
    const row = `| \`${path}\` | ${cell(typeText(property))} | ${presence(property, required.includes(name))} | ${cell(property.description ?? '')} |`;
    return [row, ...inner(property, path)];
  });
}

function inner(property, path) {
  if (property.properties !== undefined) return members(property, `${path}.`);
  if (property.items?.properties !== undefined) return members(property.items, `${path}[].`);
  const values = property.additionalProperties;
  if (typeof values === 'object' && values.properties !== undefined) return members(values, `${path}.*.`);
  if (typeof values === 'object' && values.items?.properties !== undefined)
    return members(values.items, `${path}.*[].`);
  const object = (property.anyOf ?? []).find((one) => one.properties !== undefined);
  return object === undefined ? [] : members(object, `${path}.`);
}

function presence(schema, isRequired) {
  if (schema.default !== undefined) return code(JSON.stringify(schema.default));
  return isRequired ? 'required' : '';
}

/** A JSON Schema in a few words; `whole` spells objects out. */
function typeText(schema, whole = false) {
  if (schema.$ref !== undefined) return reference(schema.$ref);
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum !== undefined) return schema.enum.map((value) => code(String(value))).join(', ');
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches !== undefined) return [...new Set(branches.map((one) => typeText(one, whole)))].join(' or ');
  if (schema.type === 'array')
    return `array${bounds(schema.minItems, schema.maxItems, '')} of ${typeText(schema.items ?? {}, whole)}`;
  if (schema.type === 'object') return objectText(schema, whole);
  if (schema.type === 'string') return `text${bounds(schema.minLength, schema.maxLength, 'characters')}`;
  if (schema.type === 'integer' || schema.type === 'number') return numberText(schema);
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeText({ type })).join(' or ');
  if (schema.type === 'boolean') return 'true or false';
  return schema.type ?? 'anything';
}

function reference(ref) {
  const name = ref.split('/').at(-1);
  return `[${name}](#${name.toLowerCase()})`;
}

function objectText(schema, whole) {
  const { properties, required = [], additionalProperties } = schema;
  if (properties === undefined || Object.keys(properties).length === 0)
    return typeof additionalProperties === 'object' && Object.keys(additionalProperties).length > 0
      ? `object of ${typeText(additionalProperties, whole)} by name`
      : 'object';
  if (!whole) return 'object';
  const inside = Object.entries(properties).map(([name, property]) => {
    const mark = required.includes(name) ? '' : '?';
    return `\`${name}\`${mark}: ${typeText(property, true)}`;
  });
  return `{ ${inside.join('; ')} }`;
}

function numberText({ type, minimum, maximum, exclusiveMinimum }) {
  const name = type === 'integer' ? 'whole number' : 'number';
  const low = minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum;
  const high = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (exclusiveMinimum !== undefined)
    return `${name} (more than ${exclusiveMinimum}${high === undefined ? '' : `, at most ${high}`})`;
  return `${name}${bounds(low, high, '')}`;
}

/** ` (1 to 256 characters)`, or nothing where anything goes. */
function bounds(low, high, unit) {
  const tail = unit === '' ? '' : ` ${unit}`;
  if (low !== undefined && high !== undefined) return ` (${low} to ${high}${tail})`;
  if (high !== undefined) return ` (at most ${high}${tail})`;
  return low === undefined ? '' : ` (at least ${low}${tail})`;
}

function jsonBlock(value) {
  return ['```json', pretty(value, ''), '```', ''];
}

/** JSON that breaks only where a line would be too long. */
function pretty(value, indent) {
  const flat = inOneLine(value);
  if (indent.length + flat.length <= lineCharsMax || typeof value !== 'object' || value === null) return flat;
  const deeper = `${indent}  `;
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  const parts = Array.isArray(value)
    ? value.map((one) => pretty(one, deeper))
    : Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}: ${pretty(one, deeper)}`);
  return `${open}\n${parts.map((part) => `${deeper}${part}`).join(',\n')}\n${indent}${close}`;
}

function inOneLine(value) {
  if (Array.isArray(value)) return `[${value.map(inOneLine).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const parts = Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}: ${inOneLine(one)}`);
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`;
}

/** As GitHub makes it from a heading. */
function anchor(heading) {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}

function code(text) {
  return `\`${text}\``;
}

function cell(text) {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function lowerFirst(text) {
  return /^[A-Z][a-z]/.test(text) ? text[0].toLowerCase() + text.slice(1) : text;
}
