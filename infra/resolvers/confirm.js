import { util, runtime } from '@aws-appsync/utils';

// Mutation.confirm: the button behind the mailed link. Opening the link changes nothing, as mail scanners open links.

export function request(ctx) {
    const caller = ctx.identity.resolverContext;
    if (!caller || caller.scope !== 'link') {
        util.unauthorized();
    }
    if (caller.shape !== 'whole') {
        runtime.earlyReturn({ state: caller.shape === 'cut' ? 'cut' : 'unknown', races: [] });
    }
    const now = util.time.nowEpochMilliSeconds() / 1000; // who waits, waits in the order of this
    return {
        operation: 'UpdateItem',
        key: util.dynamodb.toMapValues({ pk: `EVENT#${ctx.env.EVENT_ID}`, sk: `LINK#${caller.key}` }),
        update: {
            expression: 'SET #state = :confirmed, confirmed_at = :now',
            expressionNames: { '#state': 'state' },
            expressionValues: util.dynamodb.toMapValues({ ':confirmed': 'confirmed', ':now': now }),
        },
        condition: {
            expression: '#state = :open AND expires > :now',
            expressionNames: { '#state': 'state' },
            expressionValues: util.dynamodb.toMapValues({ ':open': 'open', ':now': now }),
        },
    };
}

export function response(ctx) {
    const link = ctx.result;
    if (!ctx.error) {
        return { state: 'confirmed', races: [] };
    }
    if (ctx.error.type !== 'DynamoDB:ConditionalCheckFailedException') {
        util.error('Nothing was changed: the portal cannot be reached right now. Press the button again.', 'Unavailable');
    }
    if (!link) {
        return { state: 'unknown', races: [] };
    }
    if (link.state === 'open') {
        return { state: 'expired', races: [] };
    }
    return { state: 'used', races: [] };
}
