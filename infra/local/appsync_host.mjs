// Runs the resolver files for the local proof: one JSON object a line in, one a line out.
//   in:  {"id", "file", "part": "request" | "response", "context"}
//   out: {"id", "result", "context"} | {"id", "early", "context"} | {"id", "error": {"message", "type", "data"}}
// The files import '@aws-appsync/utils', which on AWS is part of the runtime; here it is appsync_utils.mjs.

import { createInterface } from 'node:readline';
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';

const utils = new URL('./appsync_utils.mjs', import.meta.url).href;
const hook = `export async function resolve(specifier, context, next) {
    return specifier === '@aws-appsync/utils' ? { url: ${JSON.stringify(utils)}, shortCircuit: true } : next(specifier, context);
}`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);

const { EarlyReturn, ResolverError } = await import(utils);
const loaded = new Map();

async function answer({ id, file, part, context }) {
    try {
        if (!loaded.has(file)) {
            loaded.set(file, await import(pathToFileURL(file).href));
        }
        return { id, result: loaded.get(file)[part](context) ?? null, context };
    } catch (trouble) {
        if (trouble instanceof EarlyReturn) {
            return { id, early: trouble.value ?? null, context };
        }
        if (trouble instanceof ResolverError) {
            return { id, error: { message: trouble.message, type: trouble.type, data: trouble.data ?? null } };
        }
        return { id, error: { message: String(trouble?.stack ?? trouble), type: 'Code', data: null } };
    }
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    if (line.trim()) {
        process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + '\n');
    }
}
