// The few functions of AppSync's `util` and `runtime` that our resolvers use, as AWS documents them
// (docs.aws.amazon.com/appsync/latest/devguide/resolver-util-reference-js.html). A resolver that uses another fails here.

export class ResolverError extends Error {
    constructor(message, type, data) {
        super(message);
        this.type = type;
        this.data = data;
    }
}

export class EarlyReturn extends Error {
    constructor(value) {
        super('early return');
        this.value = value;
    }
}

function attribute(value) {
    if (value === null || value === undefined) {
        return { NULL: true };
    }
    if (typeof value === 'string') {
        return { S: value };
    }
    if (typeof value === 'number') {
        return { N: String(value) };
    }
    if (typeof value === 'boolean') {
        return { BOOL: value };
    }
    return Array.isArray(value) ? { L: value.map(attribute) } : { M: attributes(value) };
}

function attributes(values) {
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, attribute(value)]));
}

export const util = {
    dynamodb: { toMapValues: attributes },
    time: {
        nowEpochSeconds: () => Math.floor(util.time.nowEpochMilliSeconds() / 1000),
        nowEpochMilliSeconds: () => (process.env.PORTAL_NOW ? Number(process.env.PORTAL_NOW) * 1000 : Date.now()),
    },
    error(message, type, data) {
        throw new ResolverError(message, type ?? 'UnknownError', data);
    },
    unauthorized() {
        throw new ResolverError('Unauthorized', 'Unauthorized');
    },
};

export const runtime = {
    earlyReturn(value) {
        throw new EarlyReturn(value);
    },
};
