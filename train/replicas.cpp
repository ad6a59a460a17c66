#include "train/replicas.h"

#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "tensor/host_copy.h"

namespace lathe {

void require_equal_replicas(const ParameterStore& parameters, Communicator& communicator) {
  if (communicator.size() == 1) return;
  Fingerprint fingerprint;
  for (const Parameter& parameter : parameters.all()) {
    const HostCopy value(parameters.device(), parameter.value);
    fingerprint.add({reinterpret_cast<const char*>(value.f32()),
                     static_cast<std::size_t>(parameter.shape.count()) * sizeof(float)});
  }
  std::vector<uint64_t> hashes(static_cast<std::size_t>(communicator.size()));
  communicator.all_gather(hash64(fingerprint.hex()), hashes);
  for (std::size_t rank = 1; rank < hashes.size(); ++rank) {
    if (hashes[rank] != hashes[0]) {
      fail("rank ", rank,
           " begins with other parameters than rank 0; all ranks need the same model");
    }
  }
}

}  // namespace lathe
