//! The simple forecasters. Each sees a history and answers for the next steps, or is `None`
//! where the history is too short for it. Gaps are skipped, never taken for a value.

use super::{
    Method,
    params::{
        AUTOCORRELATION_MAX, NOW_STEPS, OFFSET_FADES, OFFSET_STAYS, OUTLIER_SPREADS,
        SEASONS_BACK_MAX, SMOOTHING, Seasons, TREND_DAMPING,
    },
};
use crate::{
    capacity::segment,
    mad_sigma, median,
    numbers::{finite, last, median_difference},
};

impl Method {
    /// The next `horizon` steps after `history`.
    pub(super) fn predict(
        self,
        history: &[f64],
        horizon: usize,
        seasons: &Seasons,
    ) -> Option<Vec<f64>> {
        match self {
            Self::LastSeason => last_season(history, horizon, seasons.short),
            Self::LastLongSeason => {
                let long = seasons.long.filter(|long| history.len() >= 2 * long)?;
                last_season(history, horizon, long)
            }
            Self::Profile => Profile::of(history, seasons.profile, seasons.short)
                .map(|profile| profile.after(history, horizon)),
            Self::RecentProfile => Profile::of(history, seasons.profile_recent, seasons.short)
                .map(|profile| profile.after(history, horizon)),
            Self::ProfileAndOffset => profile_and_offset(history, horizon, seasons),
            Self::LongProfile => long_profile(history, horizon, seasons),
            Self::LongProfileAndOffset => long_profile_and_offset(history, horizon, seasons),
            Self::SmoothedOffset => smoothed_offset(history, horizon, seasons),
            Self::FadingOffset => fading_offset(history, horizon, seasons),
            Self::LongMedian => flat(last(history, seasons.level), horizon),
            Self::SeasonMedian => flat(last(history, seasons.short), horizon),
            Self::Now => {
                let recent = finite(last(history, seasons.short));
                flat(last(&recent, NOW_STEPS), horizon)
            }
            Self::Trend => trend(history, horizon, seasons),
        }
    }
}

/// The median of each slot of a season.
struct Profile(Vec<f64>);

impl Profile {
    /// From the last `window` steps; a slot without values takes the median of all.
    fn of(history: &[f64], window: usize, season: usize) -> Option<Self> {
        let recent = last(history, window);
        let all = median(recent)?;
        let first = history.len() - recent.len();
        let mut slots = vec![Vec::new(); season];
        for (value, slot) in recent.iter().zip(first..) {
            slots.get_mut(slot % season)?.push(*value);
        }
        Some(Self(slots.iter().map(|slot| median(slot).unwrap_or(all)).collect()))
    }

    fn at(&self, step: usize) -> f64 {
        self.0.get(step % self.0.len().max(1)).copied().unwrap_or(f64::NAN)
    }

    fn after(&self, history: &[f64], horizon: usize) -> Vec<f64> {
        let now = history.len();
        (now..now + horizon).map(|step| self.at(step)).collect()
    }

    /// What the last `window` steps were above their profile.
    fn deviations(&self, history: &[f64], window: usize) -> Vec<f64> {
        let recent = last(history, window);
        let first = history.len() - recent.len();
        recent.iter().zip(first..).map(|(value, step)| value - self.at(step)).collect()
    }
}

fn flat(values: &[f64], horizon: usize) -> Option<Vec<f64>> {
    Some(vec![median(values)?; horizon])
}

/// As one season ago; a gap there is filled from the seasons before.
fn last_season(history: &[f64], horizon: usize, season: usize) -> Option<Vec<f64>> {
    let newest = history.len().checked_sub(season)?;
    let slot_value = |slot: usize| {
        let starts = (0..SEASONS_BACK_MAX).filter_map(|back| newest.checked_sub(back * season));
        starts.filter_map(|start| history.get(start + slot).copied()).find(|it| it.is_finite())
    };
    let slots: Vec<Option<f64>> = (0..season).map(slot_value).collect();
    let all = median(&slots.iter().flatten().copied().collect::<Vec<_>>())?;
    Some(slots.iter().map(|slot| slot.unwrap_or(all)).cycle().take(horizon).collect())
}

/// A copy of `steps`, moved by the part that stays of the last season's `offset`.
fn moved(steps: &[f64], offset: f64) -> Vec<f64> {
    steps.iter().map(|step| step + OFFSET_STAYS * offset).collect()
}

fn profile_and_offset(history: &[f64], horizon: usize, seasons: &Seasons) -> Option<Vec<f64>> {
    let season = seasons.short;
    let profile = Profile::of(history, seasons.profile, season)?;
    let before = history.get(..history.len().checked_sub(season)?)?;
    let expected = if history.len() > 8 * season {
        Profile::of(before, seasons.profile, season)?.after(before, season)
    } else {
        profile.after(history, season)
    };
    let offset = median_difference(last(history, season), &expected)?;
    Some(moved(&profile.after(history, horizon), offset))
}

fn long_profile(history: &[f64], horizon: usize, seasons: &Seasons) -> Option<Vec<f64>> {
    let long = seasons.long.filter(|_| history.len() >= seasons.profile_long_min)?;
    Some(Profile::of(history, seasons.profile_long, long)?.after(history, horizon))
}

fn long_profile_and_offset(history: &[f64], horizon: usize, seasons: &Seasons) -> Option<Vec<f64>> {
    let (long, season) = (seasons.long?, seasons.short);
    let steps = long_profile(history, horizon, seasons)?;
    let before = history.get(..history.len().checked_sub(season)?)?;
    let expected = long_profile(before, season, seasons)
        .or_else(|| last_season(before, season, long))
        .filter(|expected| expected.len() == season)?;
    let offset = median_difference(last(history, season), &expected)?;
    Some(moved(&steps, offset))
}

/// Deviations from the profile, smoothed exponentially; the level fades with the steps.
fn smoothed_offset(history: &[f64], horizon: usize, seasons: &Seasons) -> Option<Vec<f64>> {
    let profile = Profile::of(history, seasons.smoothed, seasons.short)?;
    let deviations = finite(&profile.deviations(history, seasons.smoothed));
    let (first, rest) = deviations.split_first()?;
    let level = |factor: f64| {
        rest.iter().fold((0.0, *first), |(error, level), value| {
            (error + (value - level).abs(), level + factor * (value - level))
        })
    };
    let tried = SMOOTHING.iter().map(|factor| level(*factor));
    let (_, level) = tried.min_by(|one, other| one.0.total_cmp(&other.0))?;
    Some(faded(&profile.after(history, horizon), 0.0, level, OFFSET_FADES))
}

/// Deviations from the profile return to their week's median as fast as they did before.
fn fading_offset(history: &[f64], horizon: usize, seasons: &Seasons) -> Option<Vec<f64>> {
    let profile = Profile::of(history, seasons.smoothed, seasons.short)?;
    let deviations = profile.deviations(history, seasons.smoothed);
    let level = median(last(&deviations, seasons.level))?;
    let now = median(last(&finite(last(&deviations, seasons.short)), NOW_STEPS)).unwrap_or(level);
    let cut = OUTLIER_SPREADS * mad_sigma(&deviations)?;
    let middle = median(&deviations)?;
    let cut = deviations.iter().map(|it| it.clamp(middle - cut, middle + cut) - level);
    let cut: Vec<f64> = cut.collect();
    let pairs: Vec<(f64, f64)> = cut.iter().copied().zip(cut.iter().copied().skip(1)).collect();
    let both = pairs.iter().filter(|(one, next)| one.is_finite() && next.is_finite());
    let (products, squares) = both.fold((0.0, 0.0), |(products, squares), (one, next)| {
        (products + one * next, squares + one * one)
    });
    let fades = if squares > 0.0 { products / squares } else { 0.0 };
    let fades = fades.clamp(0.0, AUTOCORRELATION_MAX);
    Some(faded(&profile.after(history, horizon), level, (now - level) * fades, fades))
}

/// `steps` + `level` + what is left of `offset` after each step.
fn faded(steps: &[f64], level: f64, offset: f64, fades: f64) -> Vec<f64> {
    let mut left = offset;
    let mut faded = Vec::with_capacity(steps.len());
    for step in steps {
        faded.push(step + level + left);
        left *= fades;
    }
    faded
}

/// The slope of the last straight segment, damped, from the level of the last season.
fn trend(history: &[f64], horizon: usize, seasons: &Seasons) -> Option<Vec<f64>> {
    let recent = last(history, segment::start(history).map(|start| history.len() - start)?);
    let slope = segment::slope(recent)?;
    let level = segment::level(recent, slope)?;
    let profile = Profile::of(history, seasons.profile, seasons.short)?;
    let middle = median(&profile.0)?;
    let mut step = slope;
    let mut value = level;
    let steps = profile.after(history, horizon);
    let grown = steps.iter().map(|shape| {
        step *= TREND_DAMPING;
        value += step;
        value + (shape - middle)
    });
    Some(grown.collect())
}
