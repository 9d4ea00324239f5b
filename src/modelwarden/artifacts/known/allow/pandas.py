"""What honest pickles use of pandas: frames, series, indexes, arrays and moments."""

from __future__ import annotations

from modelwarden.artifacts.known.allowed import STORED, Allow

ALLOWED: tuple[Allow, ...] = (
    Allow(
        "pandas pandas.core.frame pandas.core.series pandas.core.panel",
        "DataFrame Series Panel",
        "a table; its data follow as arrays",
    ),
    Allow(
        "pandas.core.internals pandas.core.internals.managers",
        "BlockManager SingleBlockManager _unpickle_block",
        "the blocks of a table, made from arrays in the pickle",
    ),
    Allow(
        "pandas.core.internals.blocks pandas._libs.internals pandas.core.internals",
        "new_block _unpickle_block *Block BlockPlacement __pyx_unpickle_*",
        "one block of a table, made from an array in the pickle",
    ),
    Allow(
        "pandas.core.indexes.base pandas.indexes.base pandas.core.index",
        "_new_Index Index",
        "an index of the class among its arguments, which is judged on its own",
    ),
    Allow(
        "pandas.core.indexes.datetimes pandas.core.indexes.timedeltas "
        "pandas.core.indexes.interval pandas.core.indexes.period pandas.tseries.index "
        "pandas.core.indexes.multi",
        "_new_DatetimeIndex _new_TimedeltaIndex _new_IntervalIndex _new_PeriodIndex",
        "an index made from arrays in the pickle",
    ),
    Allow(
        "pandas pandas.core.indexes.* pandas.core.index pandas.indexes.*",
        "*Index FrozenList FrozenNDArray",
        "an index",
    ),
    Allow("pandas.core.indexes.frozen", "FrozenList", "a list that does not change"),
    Allow(
        "pandas.arrays pandas.core.arrays pandas.core.arrays.*",
        "*Array Categorical",
        "an array of one column",
    ),
    Allow(
        "pandas pandas.core.arrays.categorical pandas.core.categorical",
        "Categorical",
        "an array of one column",
    ),
    Allow(
        "pandas pandas.core.dtypes.dtypes pandas.core.arrays.* pandas.api.types",
        "*Dtype",
        "an element type",
    ),
    Allow(
        "pandas._libs.arrays",
        "__pyx_unpickle_NDArrayBacked",
        "an array of one column, of the class among its arguments",
    ),
    Allow("pandas._libs.sparse", "IntIndex BlockIndex", "where a sparse column has values"),
    Allow("pandas._libs.interval pandas", "Interval __pyx_unpickle_*", "an interval of two values"),
    Allow(
        "pandas._libs.tslibs.timestamps pandas._libs.tslib",
        "_unpickle_timestamp Timestamp",
        "a moment",
    ),
    Allow("pandas._libs.tslibs.timedeltas", "_timedelta_unpickle Timedelta", "a span of time"),
    Allow(
        "pandas._libs.tslibs.nattype",
        "_nat_unpickle __nat_unpickle NaTType NaT",
        "the missing moment",
    ),
    Allow("pandas._libs.missing pandas", "NAType NA _pickle_NA", "the missing value"),
    Allow("pandas._libs.tslibs.period pandas", "Period", "a span of the calendar"),
    Allow("pandas", "Timestamp Timedelta NaT NA", "a moment, a span, or the missing value"),
    Allow(
        "pandas._libs.tslibs.offsets pandas.tseries.offsets",
        "*",
        "a step in the calendar",
        STORED,
    ),
    Allow(
        "pandas._libs.tslibs.offsets pandas.tseries.offsets",
        "Day Hour Minute Second Milli Micro Nano BusinessDay BDay BusinessHour CustomBusinessDay "
        "Week WeekOfMonth LastWeekOfMonth MonthEnd MonthBegin BusinessMonthEnd BusinessMonthBegin "
        "SemiMonthEnd SemiMonthBegin QuarterEnd QuarterBegin BQuarterEnd BQuarterBegin YearEnd "
        "YearBegin BYearEnd BYearBegin Easter FY5253 FY5253Quarter DateOffset Tick BaseOffset "
        "_offset_map __pyx_unpickle_*",
        "a step in the calendar",
    ),
    Allow(
        "pandas._libs.internals pandas._libs.tslibs.*",
        "__pyx_unpickle_*",
        "an object that holds numbers",
    ),
    Allow("pandas.core.flags pandas.core.generic", "Flags NDFrame", "settings of a table", STORED),
)
