//! Toys one after the other: drawn, and made ready to be fitted.

use zstat_core::fit::Fitter;
use zstat_core::likelihood::Data;
use zstat_core::linalg::ArrowMatrix;

use super::{Ensemble, Purpose};
use crate::hypotest::asimov_data;
use crate::{Inputs, Profile, TestError};

/// Where toys come from: a point of the model, and a stream of random numbers.
pub struct ToySource<'a> {
    inputs: Inputs<'a>,
    rescue: &'a dyn Fitter,
    /// The parameter whose profile the toys are asked for.
    poi: usize,
    /// The point.
    theta: Vec<f64>,
    /// dθ/dμ of the profile at that point, for its Asimov data.
    tangent: Vec<f64>,
    /// Second derivatives there.
    curvature: Option<ArrowMatrix>,
    ensemble: Ensemble,
}

impl<'a> ToySource<'a> {
    /// Toys of the point `theta`. Fits begin there; those that fail are repeated from the start values, and with the
    /// minimiser `rescue`.
    ///
    /// # Errors
    /// Where the point expects a negative number of events.
    pub fn new(
        inputs: Inputs<'a>,
        poi: Option<usize>,
        theta: Vec<f64>,
        rescue: &'a dyn Fitter,
        seed: u64,
        purpose: Purpose,
    ) -> Result<Self, TestError> {
        let ensemble = Ensemble::new(&inputs, &theta, poi, seed, purpose)?;
        let asimov = asimov_data(&inputs, &theta, poi)?;
        let here = Inputs { data: &asimov, ..inputs };
        // Without a parameter of interest nothing is ever held, and any free one will do.
        let any = || inputs.fixed.iter().position(|fixed| !fixed).unwrap_or(0);
        let poi = poi.unwrap_or_else(any);
        let mut profile = here.profile(poi).with_free(theta.clone());
        let (tangent, curvature) = profile.free_tangent();
        let curvature = curvature.cloned();
        Ok(Self { inputs, rescue, poi, theta, tangent, curvature, ensemble })
    }

    /// The point that the toys are made from.
    pub fn theta(&self) -> &[f64] {
        &self.theta
    }
}

/// Makes the toys of a source, in the same memory again and again.
pub struct ToyMaker<'s, 'a> {
    source: &'s ToySource<'a>,
    data: Data,
    profile: Profile<'a, 'a>,
}

/// One toy: its data and their profile, nothing fitted yet.
pub struct Toy<'t, 'a> {
    /// The pseudo-data.
    pub data: &'t Data,
    /// Their profile likelihood.
    pub profile: &'t mut Profile<'a, 'a>,
}

impl<'s, 'a> ToyMaker<'s, 'a> {
    /// A maker of toys of `source`.
    pub fn new(source: &'s ToySource<'a>) -> Self {
        let ToySource { inputs, rescue, poi, theta, tangent, curvature, ensemble } = source;
        let profile = Profile::new(inputs.nll(), inputs.fitter, *poi, theta, inputs.fixed);
        let profile = profile.for_toys(tangent, curvature.as_ref(), *rescue, inputs.start);
        Self { source, data: ensemble.room(), profile }
    }

    /// Toy number `index`.
    pub fn toy(&mut self, index: u64) -> Toy<'_, 'a> {
        self.source.ensemble.draw(index, &mut self.data);
        self.profile.set_data(&self.data);
        Toy { data: &self.data, profile: &mut self.profile }
    }
}
