//! Exit codes: those of sysexits(3) where one fits.

use std::process::ExitCode;

/// The answer is no: the fence refuses, or the relay refused the call.
pub(super) const REFUSED: u8 = 1;
/// The audit trail is damaged.
pub(super) const DAMAGED: u8 = 1;
/// `doctor` found what keeps the relay from starting or carrying.
pub(super) const UNFIT: u8 = 1;
/// The command line is wrong, or `check-config` found errors.
pub(super) const USAGE: u8 = 2;
/// Some of what `import` was given would not be kept.
pub(super) const NOT_KEPT: u8 = 3;
/// `doctor` found nothing worse than what costs speed or packets.
pub(super) const WARNED: u8 = 3;
/// A change widens a fence.
pub(super) const WIDENS: u8 = 3;
/// An invariant does not hold.
pub(super) const VIOLATED: u8 = 4;
/// What `region diff` compared is not the same.
pub(super) const DIFFERENT: u8 = 3;
/// No relay answers (EX_UNAVAILABLE).
pub(super) const UNAVAILABLE: u8 = 69;
/// A thread of the relay ended on its own (EX_SOFTWARE).
pub(super) const SOFTWARE: u8 = 70;
/// The system refused an address, a thread or the like (EX_OSERR).
pub(super) const SYSTEM: u8 = 71;
/// A file could not be read or written (EX_IOERR).
pub(super) const INPUT_OUTPUT: u8 = 74;
/// What answers is no relay (EX_PROTOCOL).
pub(super) const PROTOCOL: u8 = 76;
/// The configuration is missing or wrong; nothing was bound (EX_CONFIG).
pub(super) const CONFIG: u8 = 78;

/// For `--help` and the manual.
pub(super) const HELP: &str = "\
Exit status:
  0   done; for `why`: admitted
  1   the answer is no: the fence refuses, or the relay refused the call; for `audit verify` and
      `report`: the audit trail is damaged, or says nothing of it; for `doctor`: the relay would not
      start here, or carry nothing
  2   wrong command line; for `check-config`, `plan`, `prove` and `reload`: the configuration has
      errors; for `plan`, any error; for `region`: a file cannot be used
  3   for `import`: some of the old configuration would not be kept; for `plan`: the change widens a
      fence; for `reload`: it does, and was not accepted; for `region diff`: the files differ; for
      `doctor`: there are warnings, and no errors
  4   for `prove` and `reload`: an invariant does not hold
  69  no relay answers
  70  a thread of the relay ended on its own
  71  the system refused an address, a thread or the like
  74  a file could not be read or written
  76  what answers is no relay
  78  the configuration is missing or wrong, or the audit trail damaged; nothing was bound";

pub(super) fn code(code: u8) -> ExitCode {
    ExitCode::from(code)
}
