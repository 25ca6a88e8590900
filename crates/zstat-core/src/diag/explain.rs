//! Titles and explanations of the codes: cause and cure, for `docs/errors.md`.

use super::code::{Code, Entry};

/// One entry a code, in the order of the enum.
pub(super) const TABLE: &[Entry] = &[
    Entry {
        code: Code::NotUtf8,
        id: "E0101",
        title: "the file is not UTF-8 text",
        explanation: "Specs are UTF-8 text. A file saved as UTF-16 or Latin-1, or one that is compressed or a ROOT file, is not. \
            Convert it (`iconv -f latin1 -t utf8 FILE`), unpack it, or point zstat at the YAML or JSON file.",
    },
    Entry {
        code: Code::Syntax,
        id: "E0102",
        title: "the text is neither YAML nor JSON",
        explanation: "The file starts like YAML or JSON (`{\"` or `[` means JSON) and then breaks its rules: an open bracket or quote, a tab \
            as indentation, a comma too many. The place is where reading stopped; the cause is there or shortly before.",
    },
    Entry {
        code: Code::Empty,
        id: "E0103",
        title: "the file holds nothing",
        explanation: "The file is empty or holds only comments. Often a redirection that failed, or the wrong file name.",
    },
    Entry {
        code: Code::Limit,
        id: "E0104",
        title: "nesting or aliases beyond any use",
        explanation: "A spec needs fewer than 15 levels of nesting. Far deeper ones, and YAML aliases of aliases that would expand to \
            millions of values, are refused before they fill the memory.",
    },
    Entry {
        code: Code::DuplicateKey,
        id: "E0105",
        title: "a key is given twice in one mapping",
        explanation: "YAML and JSON forbid it, and readers that allow it keep one value and drop the other without a word. Keep one of them.",
    },
    Entry {
        code: Code::WrongFile,
        id: "E0106",
        title: "the file holds something else",
        explanation: "A workspace or an analysis was expected, or a patch, and the file is neither: a result, a datacard, an XML file, \
            a patch in the place of the workspace. Check the order of the arguments and the name of the file.",
    },
    Entry {
        code: Code::UnknownKey,
        id: "E0201",
        title: "a key that zstat does not know",
        explanation: "Every key means something; one that is not known would be ignored in silence, so it is refused. Mostly a typing error: \
            the nearest known key is named. Notes belong into comments (`#`).",
    },
    Entry {
        code: Code::MissingKey,
        id: "E0202",
        title: "a key that is needed is missing",
        explanation: "The mapping at this place cannot be understood without the named key. The help line says what it holds.",
    },
    Entry {
        code: Code::WrongType,
        id: "E0203",
        title: "a value of the wrong type",
        explanation: "A number where a text is needed, a single number where a list is, and so on. Mind YAML's types: `2` is a number and \
            `\"2\"` a text; a list of one entry is `[3.0]`; `1_000` and `1,5` are texts.",
    },
    Entry {
        code: Code::UnknownWord,
        id: "E0204",
        title: "a word that is none of the possible ones",
        explanation: "The value must be one of a few words, such as a modifier's `type`, the `dialect`, or an interpolation code. The message \
            lists them.",
    },
    Entry {
        code: Code::NotFinite,
        id: "E0205",
        title: "a number that is not finite",
        explanation: "`NaN`, infinities and numbers beyond 1.8e308 have no meaning in a likelihood. They come from an empty histogram that \
            was divided by, or a failed calculation further up: find out why, and write a finite number.",
    },
    Entry {
        code: Code::OutOfRange,
        id: "E0206",
        title: "a number or the length of a list out of its range",
        explanation: "The value has the right type, but the setting does not allow it: the message says what is allowed.",
    },
    Entry {
        code: Code::Unreadable,
        id: "E0207",
        title: "the reader refuses the document",
        explanation: "The document fits the schema and still cannot be read; the reader's own words are given. Please report it: the schema \
            should have explained it.",
    },
    Entry {
        code: Code::DuplicateName,
        id: "E0301",
        title: "a name is used twice where it must be unique",
        explanation: "Channels of a workspace, samples of a channel and measurements are known by their names. pyhf silently drops or merges \
            all but one; zstat asks. A shapesys, staterror or shapefactor that stands twice on one sample is refused as well, \
            because its bins would be scaled twice by the same parameters.",
    },
    Entry {
        code: Code::BinCount,
        id: "E0302",
        title: "a list has the wrong number of bins",
        explanation: "All samples of a channel, their variations (`lo`, `hi`, `errors`) and the channel's observations have one entry a bin. \
            The channel's first sample sets the number.",
    },
    Entry {
        code: Code::UnknownName,
        id: "E0303",
        title: "a name that nothing defines",
        explanation: "A setting or reference speaks of a channel, parameter or measurement that the workspace does not have. The nearest \
            name that exists is given.",
    },
    Entry {
        code: Code::Nothing,
        id: "E0304",
        title: "channels, samples or bins are missing",
        explanation: "A likelihood needs at least one channel, each channel at least one sample, each sample at least one bin.",
    },
    Entry {
        code: Code::NegativeObservation,
        id: "E0305",
        title: "observed events below zero",
        explanation: "Observed events follow a Poisson distribution: zero or more, and not necessarily whole (weighted and Asimov data). \
            A negative content comes from subtracting a background or from negative weights: give the data before subtraction.",
    },
    Entry {
        code: Code::NormSysFactor,
        id: "E0306",
        title: "a normsys factor that is zero or negative",
        explanation: "`lo` and `hi` of a normsys are factors, 1 for no effect, and all its interpolation codes use their logarithms. A size \
            of 5 % is `lo: 0.95, hi: 1.05`. An effect that removes the sample is a histosys, or a tiny positive factor.",
    },
    Entry {
        code: Code::NegativeError,
        id: "E0307",
        title: "a negative uncertainty",
        explanation: "`errors` are standard deviations in events: zero or more. A zero means that the bin has no uncertainty, and its γ stays \
            at 1.",
    },
    Entry {
        code: Code::NotShareable,
        id: "E0308",
        title: "parameters shared where they cannot be",
        explanation: "The auxiliary measurement of a shapesys belongs to one sample of one channel: give each its own name. A staterror or \
            shapefactor has one parameter a bin: channels that share it need the same number of bins.",
    },
    Entry {
        code: Code::ParameterConflict,
        id: "E0401",
        title: "modifiers or settings disagree about a shared parameter",
        explanation: "One name is one parameter. A normsys and a histosys may share it; other kinds have different start values, bounds and \
            constraints, and cannot. A `constraint` written at a modifier must agree with `parameters.NAME.constraint`.",
    },
    Entry {
        code: Code::ParameterSetting,
        id: "E0402",
        title: "a parameter setting is out of range",
        explanation: "Bounds need lower < upper, the start value must lie within them, widths must be positive, and a setting must exist for \
            the kind of parameter it is given to.",
    },
    Entry {
        code: Code::SettingLength,
        id: "E0403",
        title: "a parameter setting has the wrong number of entries",
        explanation: "A setting of a vector parameter (shapesys, staterror, shapefactor) is one value for all bins or a list with one a bin; \
            a setting of a scalar is one value.",
    },
    Entry {
        code: Code::MissingSetting,
        id: "E0404",
        title: "a parameter needs a setting",
        explanation: "The luminosity has no default: its measured value and uncertainty belong to the measurement. Write \
            `parameters: {lumi: {init: 1.0, bounds: [0.9, 1.1], aux: 1.0, constraint: {normal: {sigma: 0.017}}}}`. A parameter that only \
            formulas use has no modifier to give it a start value: write its `init`.",
    },
    Entry {
        code: Code::BadPoi,
        id: "E0405",
        title: "a parameter of interest that cannot be one",
        explanation: "The parameter of interest is a scalar parameter of the model (or one component, `name[0]`), given once. A formula is none: \
            choose a parameter that it uses.",
    },
    Entry {
        code: Code::BadCovariance,
        id: "E0406",
        title: "a correlated constraint that is not a covariance",
        explanation: "Exactly one of `covariance` and `correlation`, square, as many rows as parameters, symmetric and positive definite; \
            a correlation matrix has ones on its diagonal.",
    },
    Entry {
        code: Code::BadFormula,
        id: "E0407",
        title: "a formula that has no meaning",
        explanation: "A formula is arithmetic over named parameters: `+ - * / ^`, brackets, `exp`, `log` (natural), `sqrt`. It takes the \
            place of one scalar parameter, so that it has no start value, bounds or constraint of its own: those belong to the parameters \
            it uses. Formulas may use formulas, but not in a circle. Expressions over the columns of events (`derive`, `select`, `weight`, \
            `reweight`) know more functions, comparisons and conditions.",
    },
    Entry {
        code: Code::UnknownPlugin,
        id: "E0501",
        title: "a plugin that this program does not have",
        explanation: "Fitters, losses, summaries, scorers, optimisers and readers of events are plugins, linked into the program by name; \
            `zstat plugins` lists those of this build. A third party's crate must be named in the binary (`use my_loss as _;`), as \
            `zstat build --with` does.",
    },
    Entry {
        code: Code::PatchOperation,
        id: "E0601",
        title: "an operation of a patch cannot be applied",
        explanation: "The operation is not one of JSON Patch (RFC 6902), or it speaks of a place that the file does not have at that \
            moment: the earlier operations have been applied. Mostly the patch was made for another version of the file.",
    },
    Entry {
        code: Code::UnknownPatch,
        id: "E0602",
        title: "a patch that the patch set does not have",
        explanation: "A patch set holds several patches, of which one is chosen: `--patch FILE:NAME`, by its name or by its values \
            (`--patch FILE:1300,100`). The message names the nearest.",
    },
    Entry {
        code: Code::PatchDigest,
        id: "E0603",
        title: "a patch set that was made for another workspace",
        explanation: "A patch set holds the digest of the workspace that it was made for, as pyhf computes it, and this workspace has \
            another one: another file, another version, or numbers written differently (`1` and `1.0`). If you know that it fits all \
            the same, ignore the digest with `--ignore-digests`.",
    },
    Entry {
        code: Code::OneSided,
        id: "W0101",
        title: "both variations go the same way",
        explanation: "`lo` and `hi` are both above (or both below) the nominal yield in most of what they vary. The likelihood then has a kink \
            or two minima in this parameter. Often one of the two is a copy of the other, or a one-sided variation was not \
            symmetrised.",
    },
    Entry {
        code: Code::NoEffect,
        id: "W0102",
        title: "a variation without effect",
        explanation: "`lo` and `hi` equal the nominal yield, so that the modifier does nothing. Often a systematic that was pruned or filled \
            from the wrong histogram.",
    },
    Entry {
        code: Code::HugeEffect,
        id: "W0103",
        title: "an improbably large variation",
        explanation: "A one-sigma variation more than doubles the sample, or takes away three quarters of it. Often a percentage written as a factor \
            (`hi: 5` for 5 %), a template that is not normalised, or too few simulated events.",
    },
    Entry {
        code: Code::Swapped,
        id: "W0104",
        title: "`lo` and `hi` look swapped",
        explanation: "A parameter's normsys effects all have `lo` > 1 > `hi`. That is allowed, and means an anticorrelation; if all of a \
            parameter's effects have it, it is more often a mix-up of the two files.",
    },
    Entry {
        code: Code::EmptyTemplate,
        id: "W0105",
        title: "a template without events",
        explanation: "All bins of the sample are zero. It adds nothing to the model, whatever its modifiers do (except a histosys).",
    },
    Entry {
        code: Code::NoBackground,
        id: "W0106",
        title: "a bin with signal and no background",
        explanation: "Only samples that the parameter of interest scales have events in this bin. With data there, the likelihood is zero at \
            a signal strength of 0; without, the bin alone excludes. Merge it with a neighbour if the background is merely \
            underestimated.",
    },
    Entry {
        code: Code::NegativeBin,
        id: "W0107",
        title: "a bin whose expectation is not positive",
        explanation: "The sum of all samples is negative at the start values, or zero where events were observed: the Poisson term is then \
            undefined. Merge bins, or set a lower limit with `--clip-bins`.",
    },
    Entry {
        code: Code::Composed,
        id: "W0108",
        title: "the same modifier twice on a sample: combined",
        explanation: "Both effects are applied (factors are multiplied, shifts are added). pyhf keeps only the last one without a word, so the \
            numbers differ from pyhf's. If one of the two is a left-over, remove it.",
    },
    Entry {
        code: Code::Kinked,
        id: "W0109",
        title: "a kinked interpolation",
        explanation: "Codes 0 and 1 have a kink at the nominal value when `lo` and `hi` are not symmetric: derivatives jump, and a fit may find \
            two minima. Codes 4p and 4 are smooth.",
    },
    Entry {
        code: Code::IdleParameter,
        id: "W0201",
        title: "a parameter that changes nothing",
        explanation: "No bin's expectation depends on the parameter, so that the data cannot determine it. A free parameter of this kind makes \
            the fit degenerate.",
    },
    Entry {
        code: Code::Degenerate,
        id: "W0202",
        title: "two parameters that do nearly the same",
        explanation: "The two parameters change the expectation in the same way (their effects are proportional to better than one in a \
            thousand), and nothing constrains either: the fit can determine only a combination.",
    },
    Entry {
        code: Code::AbsentPoi,
        id: "W0203",
        title: "the parameter of interest is not in the model",
        explanation: "Published background-only workspaces name a parameter of interest that comes only with a signal patch. They can be \
            fitted as they are; for a test of a signal, apply the patch (`--patch FILE:NAME`).",
    },
    Entry {
        code: Code::IdleSetting,
        id: "W0204",
        title: "a setting for a parameter that the model does not have",
        explanation: "Published workspaces often carry settings of parameters that a patch or another channel brings. In zstat's own layout \
            it is an error.",
    },
    Entry {
        code: Code::FarData,
        id: "W0301",
        title: "data far from the expectation",
        explanation: "The observed events are more than ten standard deviations (of statistics and all constrained parameters together) from \
            the expectation at the start values. Often another luminosity, or data and model with different bins.",
    },
    Entry {
        code: Code::NoData,
        id: "W0302",
        title: "a channel without observed events",
        explanation: "The channel has no entry in `observations`: the model can be evaluated, and fitted only to Asimov data.",
    },
];
