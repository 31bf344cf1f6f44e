//! OTP supervision for any [`ractor`] actor.
