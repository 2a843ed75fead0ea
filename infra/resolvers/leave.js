import { util, runtime } from '@aws-appsync/utils';

// Mutation.leave: the button by which the holder of a mailed link gives their place, or their turn, back. The functions
// take it in from the stream (functions/registrations.py); a second press changes nothing.

export function request(ctx) {
    const caller = ctx.identity.resolverContext;
    if (!caller || caller.scope !== 'link') {
        util.unauthorized();
    }
    if (caller.shape !== 'whole') {
        runtime.earlyReturn({ state: caller.shape === 'cut' ? 'cut' : 'unknown', races: [] });
    }
    const now = util.time.nowEpochSeconds();
    return {
        operation: 'UpdateItem',
        key: util.dynamodb.toMapValues({ pk: `EVENT#${ctx.env.EVENT_ID}`, sk: `LINK#${caller.key}` }),
        update: {
            expression: 'SET #state = :leaving, left_at = :now',
            expressionNames: { '#state': 'state' },
            expressionValues: util.dynamodb.toMapValues({ ':leaving': 'leaving', ':now': now }),
        },
        condition: {
            expression: 'may_leave = :yes AND #state IN (:verified, :accepted, :waiting)',
            expressionNames: { '#state': 'state' },
            expressionValues: util.dynamodb.toMapValues({
                ':yes': true,
                ':verified': 'verified',
                ':accepted': 'accepted',
                ':waiting': 'waiting',
            }),
        },
    };
}

export function response(ctx) {
    const link = ctx.result;
    if (!ctx.error) {
        return { state: 'leaving', races: [] };
    }
    if (ctx.error.type !== 'DynamoDB:ConditionalCheckFailedException') {
        util.error('Nothing was changed: the portal cannot be reached right now. Press the button again.', 'Unavailable');
    }
    return { state: link ? link.state : 'unknown', races: [] };
}
