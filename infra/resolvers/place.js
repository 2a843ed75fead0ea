import { util, runtime } from '@aws-appsync/utils';

// Query.place: what the holder of a mailed link sees of themselves. The link's hash comes from the authoriser alone.

export function request(ctx) {
    const caller = ctx.identity.resolverContext;
    if (!caller || caller.scope !== 'link') {
        util.unauthorized();
    }
    if (caller.shape !== 'whole') {
        runtime.earlyReturn({ state: caller.shape === 'cut' ? 'cut' : 'unknown', races: [] });
    }
    return {
        operation: 'GetItem',
        key: util.dynamodb.toMapValues({ pk: `EVENT#${ctx.env.EVENT_ID}`, sk: `LINK#${caller.key}` }),
    };
}

export function response(ctx) {
    if (ctx.error) {
        util.error('Your place cannot be read right now: try again in a minute.', 'Unavailable');
    }
    const link = ctx.result;
    if (!link) {
        return { state: 'unknown', races: [] };
    }
    if (link.state === 'open' && link.expires < util.time.nowEpochSeconds()) {
        return { state: 'expired', races: [] };
    }
    return {
        state: link.state,
        races: link.races ?? [],
        email: link.email,
        signIn: link.sign_in,
        racerName: link.racer_name,
        waitingPlace: link.waiting_place,
        mailed: link.mailed,
        mayLeave: link.may_leave === true,
    };
}
