"""The request bodies of every operation (deepracer-on-aws.md 1.5 and 1.6, deepracer-on-aws-1.3.md 4 and 5.2)."""

from __future__ import annotations

from deepracer_admin.rehearsal.shared.tracks import TRACK_IDS

from .shapes import Flag, Moment, Number, Sequenced, Shape, Structure, Text
from .shells import COLOURS, SHELL_COLOURS

Identifier = Text(pattern="^[A-Za-z0-9]{15}$")
AnyText = Text()
Whole = Number(whole=True)
NonNegative = Number(0, whole=True)
Positive = Number(1, whole=True)
ResourceName = Text(1, 64, r"^.*\S.*$")
Description = Text(1, 255, r"^.*\S.*$")
ModelName = Text(1, 64, "^[a-zA-Z0-9-]+$")
ModelDescription = Text(1, 255, "^[a-zA-Z0-9- ]+$")
Alias = Text(2, 64, r"^[\w-]+$")
AvatarItem = Text(0, 40, r"^[a-zA-Z0-9\-\ ]*$")
RaceType = Text(choices=("TIME_TRIAL", "OBJECT_AVOIDANCE"))
TimingMethod = Text(choices=("AVG_LAP_TIME", "BEST_LAP_TIME", "TOTAL_TIME"))
LiveEventStatus = Text(choices=("SCHEDULED", "IN_PROGRESS", "COMPLETED"))

AVATAR_ITEMS = [
    "accessories",
    "clothing",
    "clothingColor",
    "countryCode",
    "eyes",
    "eyebrows",
    "facialHair",
    "facialHairColor",
    "hairColor",
    "hatColor",
    "mouth",
    "skinColor",
    "top",
    "tshirtGraphic",
]
Avatar = Structure({name: AvatarItem for name in AVATAR_ITEMS})
Track = Structure(
    {"trackId*": Text(choices=TRACK_IDS), "trackDirection*": Text(choices=("CLOCKWISE", "COUNTER_CLOCKWISE"))}
)
ObjectPosition = Structure({"laneNumber*": Number(-1, 1, whole=True), "trackPercentage*": Number(0, 1)})
ObjectAvoidance = Structure({"numberOfObjects*": NonNegative, "objectPositions": Sequenced(ObjectPosition)})
Resetting = Structure(
    {"continuousLap*": Flag(), "collisionPenaltySeconds": Number(0), "offTrackPenaltySeconds": Number(0)}
)
Termination = Structure({"minimumLaps*": NonNegative, "maximumLaps*": NonNegative, "maxTimeInMinutes": NonNegative})

_LEADERBOARD: dict[str, Shape] = {
    "name*": ResourceName,
    "description": Description,
    "openTime*": Moment(),
    "closeTime*": Moment(),
    "trackConfig*": Track,
    "raceType*": RaceType,
    "maxSubmissionsPerUser*": NonNegative,
    "objectAvoidanceConfig": ObjectAvoidance,
    "resettingBehaviorConfig*": Resetting,
    "submissionTerminationConditions*": Termination,
    "timingMethod*": TimingMethod,
    "liveEventStatus": LiveEventStatus,
    "isLive": Flag(),
    "liveEventTime": Moment(),
    "maxResets": NonNegative,
    "submissionPeriodOpen": Flag(),
}
LeaderboardDefinition = Structure(_LEADERBOARD)
LeaderboardDefinition13 = Structure({**_LEADERBOARD, "fleetId": Identifier, "leaderBoardFooter": Description})


def leaderboard_definition(version: tuple[int, ...]) -> Structure:
    return LeaderboardDefinition13 if version >= (1, 3) else LeaderboardDefinition


Hyperparameters = Structure(
    {
        "batch_size*": Positive,
        "num_epochs": Number(3, 10, whole=True),
        "stack_size": Positive,
        "lr*": Number(1e-8, 0.001),
        "beta_entropy": Number(0, 1),
        "e_greedy_value": Number(0, 1),
        "epsilon_steps": Positive,
        "discount_factor*": Number(0, 1),
        "loss_type*": Text(choices=("mean_squared_error", "huber")),
        "num_episodes_between_training*": Number(1, 100, whole=True),
        "exploration_type*": Text(choices=("categorical", "e-greedy")),
        "sac_alpha": Number(0),
    }
)
ContinuousActions = Structure(
    {
        "lowSpeed*": Number(0.5, 4),
        "highSpeed*": Number(0.5, 4),
        "lowSteeringAngle*": Number(-30, 0),
        "highSteeringAngle*": Number(0, 30),
    }
)
DiscreteActions = Sequenced(Structure({"speed*": Number(0.1, 4), "steeringAngle*": Number(-30, 30)}), 2, 30)
Metadata = Structure(
    {
        "agentAlgorithm*": Text(choices=("PPO", "SAC")),
        "rewardFunction*": Text(1, 140000, r"^[\s\S]+$"),
        "hyperparameters*": Hyperparameters,
        "actionSpace*": Structure({"continous": ContinuousActions, "discrete": DiscreteActions}, exactly_one=True),
        "sensors*": Structure(
            {
                "camera": Text(choices=("FRONT_FACING_CAMERA", "LEFT_CAMERA", "STEREO_CAMERAS", "OBSERVATION_CAMERA")),
                "lidar": Text(choices=("LIDAR", "SECTOR_LIDAR", "DISCRETIZED_SECTOR_LIDAR")),
            }
        ),
    }
)
TrainingConfig = Structure(
    {
        "trackConfig*": Track,
        "maxTimeInMinutes*": Positive,
        "raceType*": RaceType,
        "objectAvoidanceConfig": ObjectAvoidance,
        "minEvalTrials": Positive,
    }
)
ModelDefinition = Structure(
    {
        "name*": ModelName,
        "description": ModelDescription,
        "carCustomization*": Structure(
            {"carColor*": Text(choices=COLOURS), "carShell*": Text(choices=tuple(SHELL_COLOURS))}
        ),
        "trainingConfig*": TrainingConfig,
        "metadata*": Metadata,
    }
)
EvaluationConfig = Structure(
    {
        "trackConfig*": Track,
        "maxTimeInMinutes*": Positive,
        "raceType*": RaceType,
        "objectAvoidanceConfig": ObjectAvoidance,
        "evaluationName*": ResourceName,
        "maxLaps*": Positive,
        "resettingBehaviorConfig*": Resetting,
    }
)
UpdateProfile = Structure(
    {
        "alias": Alias,
        "avatar": Avatar,
        "computeMinutesUsed": NonNegative,
        "computeMinutesQueued": NonNegative,
        "maxTotalComputeMinutes": Whole,
        "maxModelCount": Whole,
        "profileId": Identifier,
    }
)
BulkInvite = Structure(
    {
        "profiles*": Sequenced(Structure({"emailAddress*": Text(1, 254), "displayName": Text(0, 128)}), 1, 200),
        "clientToken": Text(pattern="^[A-Za-z0-9-]{1,64}$"),
    }
)
EventStatus = Text(choices=("DRAFT", "OPEN", "IN_PROGRESS", "COMPLETED", "ARCHIVED", "DELETING"))
EventAction = Text(choices=("OPEN", "START", "COMPLETE", "ARCHIVE"))
_KINDS_OF_EVENT = (
    "PRIVATE_WORKSHOP",
    "OFFICIAL_WORKSHOP",
    "PRIVATE_TRACK_RACE",
    "OFFICIAL_TRACK_RACE",
    "AWS_SUMMIT",
    "TEST_EVENT",
    "OTHER",
)
EventDefinition = Structure(
    {
        "name*": ResourceName,
        "eventType*": Text(choices=_KINDS_OF_EVENT),
        "raceFormat*": Text(choices=("BEST_LAP", "AVERAGE_LAPS")),
        "eventDate*": AnyText,
        "countryCode*": Text(pattern="^[A-Z]{2}$"),
        "maxLaps*": Positive,
        "maxTimeInMinutes*": Positive,
        "maxResets*": NonNegative,
        "maxRunsPerRacer": Positive,
        "averageLapsWindow": Positive,
        "combinedScoringStrategy": Text(
            choices=("BEST_RESULT_PER_RACER", "SUM_ACROSS_TRACKS", "AVERAGE_ACROSS_TRACKS")
        ),
        "combinedLeaderBoardHeader": Text(1, 64),
        "combinedLeaderBoardFooter": Text(1, 255),
        "sponsor": Text(1, 128),
    }
)
EventTrack = Structure(
    {
        "trackType*": Text(choices=TRACK_IDS),
        "leaderBoardTitle*": ResourceName,
        "leaderBoardFooter": Description,
        "fleetId": Identifier,
    }
)
PageSize = Text(pattern="^([1-9][0-9]?|100)$")
RegisterUser = Structure({"emailAddress*": Text(1, 254), "countryCode": Text(pattern="^[A-Za-z]{2}$")})
