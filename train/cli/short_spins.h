// How long OpenMP's threads wait for each other by spinning.
#pragma once

namespace lathe {

// Threads that wait at the end of a kernel spin before they sleep. GCC's runtime spins for
// milliseconds, which on a machine with other work keeps the very thread that is waited for off its
// core: with both cores busy, training ran 1.7 times as fast with the spins cut to some 20
// microseconds, and as fast as before on an idle machine. The runtime reads its settings before
// main() begins, so this starts the program anew with them, once (a millisecond). It does nothing
// when the user has chosen (OMP_WAIT_POLICY or GOMP_SPINCOUNT).
void shorten_spins(char** argv);

}  // namespace lathe
