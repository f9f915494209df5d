#include "models/registry/blob_download.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/log.h"
#include "models/manifest.h"

namespace moat::models {
namespace {

constexpr std::size_t kHashBytes = std::size_t{1} << 20;
constexpr std::int64_t kMuch = 1 << 20;  // bytes after which a part's tries count anew
constexpr int kMaxDoublings = 6;
constexpr auto kPoll = std::chrono::milliseconds(50);

Error stopped() {
    return Error{ErrorCode::cancelled, "the download was stopped"};
}

Error nonsense(std::string_view what) {
    return Error{ErrorCode::corrupt, fmt::format("the registry answered {}", what)};
}

std::optional<std::int64_t> number_of(std::string_view text) {
    std::int64_t out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc() || end != text.data() + text.size() || out < 0) return std::nullopt;
    return out;
}

struct ContentRange {
    std::int64_t begin = 0;
    std::int64_t last = 0;
    std::int64_t total = 0;
};

// "bytes 0-99/1000" (RFC 9110, section 14.4).
std::optional<ContentRange> parse_content_range(std::string_view text) {
    if (!text.starts_with("bytes ")) return std::nullopt;
    text.remove_prefix(6);
    const auto dash = text.find('-');
    const auto slash = text.find('/');
    if (dash == std::string_view::npos || slash == std::string_view::npos || slash < dash)
        return std::nullopt;
    const auto begin = number_of(text.substr(0, dash));
    const auto last = number_of(text.substr(dash + 1, slash - dash - 1));
    const auto total = number_of(text.substr(slash + 1));
    if (!begin || !last || !total) return std::nullopt;
    return ContentRange{*begin, *last, *total};
}

// Looks at the head of a reply and wants no more.
class HeadOnly final : public TransferSink {
  public:
    Status head(const TransferReply& reply) override {
        reply_ = reply;
        return Error{ErrorCode::cancelled, "seen enough"};
    }
    Status body(BytesView) override { return Ok{}; }
    const std::optional<TransferReply>& reply() const { return reply_; }

  private:
    std::optional<TransferReply> reply_;
};

}  // namespace

Error digest_mismatch() {
    return Error{ErrorCode::corrupt, "digest mismatch, file must be downloaded again"};
}

struct BlobDownload::Found {
    std::string url;  // where the bytes are, redirects followed
    bool ranges = true;
};

struct BlobDownload::Failure {
    Error error;
    bool final = false;  // trying again does not mend it
};

struct BlobDownload::Work {
    Work(PartialBlob opened, std::stop_token stopped)
        : partial(std::move(opened)), caller(std::move(stopped)) {}

    PartialBlob partial;
    const std::stop_token caller;
    std::stop_source ended;  // by the caller or by a part that failed
    bool ranges = true;      // the host sends parts of a blob; constant while parts run

    std::mutex renewal;  // of url; taken before mutex
    std::mutex mutex;
    std::condition_variable changed;
    std::string url;               // guarded by mutex
    std::size_t queued = 0;        // guarded by mutex; parts that wait for a thread
    std::size_t running = 0;       // guarded by mutex; parts that have one
    std::optional<Error> failure;  // guarded by mutex; the first

    Sha256Stream digest;  // of the first `hashed` bytes; hashing thread only
    std::int64_t hashed = 0;

    void fail(Error error) {
        {
            const std::lock_guard lock(mutex);
            if (!failure) failure = std::move(error);
        }
        ended.request_stop();
        changed.notify_all();
    }
    // With the mutex held. Parts that wait for a thread see that it is over when they get one.
    bool over() const { return running == 0 && (queued == 0 || ended.stop_requested()); }
};

// Takes the bytes of one part, and nothing that is not one's own.
class BlobDownload::PartSink final : public TransferSink {
  public:
    PartSink(BlobDownload& download, Work& work, std::size_t index)
        : download_(download), work_(work), index_(index) {}

    Status head(const TransferReply& reply) override {
        const BlobPart part = work_.partial.part(index_);
        const std::int64_t begin = part.offset + part.completed;
        if (reply.status == 206) {
            const auto range = parse_content_range(reply.header("content-range"));
            if (range && range->begin == begin && range->total == work_.partial.size()) return Ok{};
            return fatal(nonsense("another range than it was asked for"));
        }
        if (reply.status == 200 && begin == 0) return Ok{};
        return fatal(nonsense(fmt::format("{} where a part was asked for", reply.status)));
    }

    Status body(BytesView piece) override {
        const BlobPart part = work_.partial.part(index_);
        if (static_cast<std::int64_t>(piece.size()) > part.size - part.completed)
            return fatal(nonsense("more bytes than the blob has"));
        const Status written = work_.partial.write(index_, piece);
        if (!written) return fatal(written.error());
        download_.completed_.fetch_add(
            static_cast<std::int64_t>(piece.size()), std::memory_order_relaxed
        );
        work_.changed.notify_all();
        return Ok{};
    }

    // Of ours or of what was sent, not of the connection: trying again does not mend it.
    const std::optional<Error>& error() const { return error_; }

  private:
    Error fatal(Error error) {
        error_ = error;
        return error;
    }

    BlobDownload& download_;
    Work& work_;
    const std::size_t index_;
    std::optional<Error> error_;
};

BlobDownload::BlobDownload(
    BlobSource source,
    std::filesystem::path path,
    const DownloadSettings& settings,
    WorkerPool& pool
)
    : source_(std::move(source)), path_(std::move(path)), settings_(settings), pool_(pool) {}

Status BlobDownload::run(const std::stop_token& stop) {
    TRY_ASSIGN(PartialBlob partial, PartialBlob::open(path_, source_.size, settings_.parts));
    completed_ = partial.completed();
    const auto work = std::make_shared<Work>(std::move(partial), stop);
    const std::stop_callback pass_on(stop, [&work] { work->ended.request_stop(); });
    if (work->partial.completed() < source_.size) {
        TRY_ASSIGN(Found found, probe(stop));
        work->url = std::move(found.url);
        work->ranges = found.ranges;
        TRY(fetch_all(work));
    }
    return check_and_finish(*work);
}

// One byte tells where the blob is, whether it is as large as the manifest says, and whether its
// parts can be had. A HEAD would not: an address that a redirect signs is good for one method only.
Result<BlobDownload::Found> BlobDownload::probe(const std::stop_token& stop) {
    TransferRequest request{.url = source_.url, .stall_limit = settings_.stall_limit};
    request.headers.emplace_back("Range", "bytes=0-0");
    std::optional<TransferReply> reply;
    for (int tries = 1; !reply; ++tries) {
        HeadOnly sink;
        const auto answer = source_.session->send(request, &sink, stop);
        reply = sink.reply();
        if (reply) break;
        if (answer && answer->status < 300) return nonsense("without a body");
        const Error error = answer ? error_of_status(*answer) : answer.error();
        if (!is_transient(error.code) || tries >= settings_.max_tries) return error;
        if (!settings_.wait(delay_after(tries), stop)) return stopped();
    }
    const auto range = parse_content_range(reply->header("content-range"));
    const bool ranges = reply->status == 206;
    if (ranges && !range) return nonsense("a range without saying which");
    const auto total =
        ranges ? std::optional(range->total) : number_of(reply->header("content-length"));
    if (total && *total != source_.size)
        return nonsense(
            fmt::format("a blob of {} bytes, and its manifest says {}", *total, source_.size)
        );
    return Found{.url = reply->url, .ranges = ranges};
}

std::chrono::milliseconds BlobDownload::delay_after(int tries) const {
    return settings_.retry_delay * (1 << std::min(tries - 1, kMaxDoublings));
}

Status BlobDownload::fetch_all(const std::shared_ptr<Work>& work) {
    PartialBlob& partial = work->partial;
    if (!work->ranges && partial.part_count() > 1) {
        // This host sends the whole or nothing: one part, from its beginning.
        TRY(partial.discard());
        const PartLimits whole{.count = 1, .min_bytes = source_.size, .max_bytes = source_.size};
        TRY_ASSIGN(partial, PartialBlob::open(path_, source_.size, whole));
        completed_ = 0;
    }
    for (std::size_t i = 0; i < partial.part_count(); ++i) {
        const BlobPart part = partial.part(i);
        if (part.completed < part.size) start_part(work, i);
    }
    const Status hashed = hash_along(*work);
    if (!hashed) work->fail(hashed.error());
    std::unique_lock lock(work->mutex);
    while (!work->over())
        work->changed.wait_for(lock, kPoll);
    if (work->caller.stop_requested()) return stopped();
    if (work->failure) return *work->failure;
    return Ok{};
}

void BlobDownload::start_part(const std::shared_ptr<Work>& work, std::size_t index) {
    {
        const std::lock_guard lock(work->mutex);
        ++work->queued;
    }
    pool_.post([self = shared_from_this(), work, index] {
        {
            const std::lock_guard lock(work->mutex);
            --work->queued;
            if (work->ended.stop_requested()) return;
            ++work->running;
        }
        self->fetch_part(*work, index);
        const std::lock_guard lock(work->mutex);
        --work->running;
        work->changed.notify_all();
    });
}

void BlobDownload::fetch_part(Work& work, std::size_t index) {
    const std::stop_token stop = work.ended.get_token();
    for (int tries = 1; !stop.stop_requested(); ++tries) {
        const std::int64_t before = work.partial.part(index).completed;
        auto failure = try_part(work, index);
        const BlobPart part = work.partial.part(index);
        if (part.completed == part.size) return;
        if (!failure) failure = {Error{ErrorCode::io, "the registry sent less than it announced"}};
        if (part.completed - before >= kMuch) tries = 1;
        const bool final = failure->final || !is_transient(failure->error.code);
        if (final || tries >= settings_.max_tries) return work.fail(failure->error);
        log::debug("part {} of a blob is tried again: {}", part.number, failure->error.message);
        // A part that stood still is asked for anew at once.
        if (failure->error.code == ErrorCode::timed_out) continue;
        if (!settings_.wait(delay_after(tries), stop)) return;
    }
}

std::optional<BlobDownload::Failure> BlobDownload::try_part(Work& work, std::size_t index) {
    if (!work.ranges && work.partial.part(index).completed > 0) {
        completed_ = 0;
        if (const Status done = work.partial.rewind(index); !done)
            return Failure{done.error(), true};
    }
    const BlobPart part = work.partial.part(index);
    TransferRequest request{.stall_limit = settings_.stall_limit};
    {
        const std::lock_guard lock(work.mutex);
        request.url = work.url;
    }
    if (work.ranges)
        request.headers.emplace_back(
            "Range",
            fmt::format("bytes={}-{}", part.offset + part.completed, part.offset + part.size - 1)
        );
    PartSink sink(*this, work, index);
    const auto reply = source_.session->send(request, &sink, work.ended.get_token());
    if (sink.error()) return Failure{*sink.error(), true};
    if (!reply) return Failure{reply.error()};
    if (reply->status < 300) return std::nullopt;
    if (reply->status == 403 && request.url != source_.url) return find_again(work, request.url);
    return Failure{error_of_status(*reply)};
}

// A signed address ends; the registry gives another.
BlobDownload::Failure BlobDownload::find_again(Work& work, const std::string& ended_url) {
    Failure again{Error{ErrorCode::busy, "the address of the blob had ended"}};
    // Parts find out together; one asks, the others take what it got.
    const std::lock_guard renewal(work.renewal);
    {
        const std::lock_guard lock(work.mutex);
        if (work.url != ended_url) return again;
    }
    auto found = probe(work.ended.get_token());
    if (!found) return Failure{found.error()};
    const std::lock_guard lock(work.mutex);
    work.url = std::move(found->url);
    return again;
}

// Follows the parts through the blob, so that little is left to hash when the last has come. What
// is read back lies in the page cache still.
Status BlobDownload::hash_along(Work& work) {
    if (!work.ranges) return Ok{};
    for (;;) {
        std::int64_t end = 0;
        {
            std::unique_lock lock(work.mutex);
            const auto has_work = [&work, &end] {
                end = work.partial.contiguous();
                return end > work.hashed;
            };
            // Parts tell of their bytes without the lock, to stay fast: one may be missed.
            while (!has_work() && !work.over() && !work.failure)
                work.changed.wait_for(lock, kPoll);
            if (work.failure || !has_work()) return Ok{};
        }
        TRY(hash_up_to(work, end));
    }
}

Status BlobDownload::hash_up_to(Work& work, std::int64_t end) {
    Bytes buffer(kHashBytes);
    while (work.hashed < end) {
        const auto count = std::min<std::int64_t>(std::ssize(buffer), end - work.hashed);
        const auto piece = std::span(buffer).first(static_cast<std::size_t>(count));
        TRY(work.partial.read(work.hashed, piece));
        work.digest.update(piece);
        work.hashed += count;
        if (work.caller.stop_requested()) return stopped();
    }
    return Ok{};
}

Status BlobDownload::check_and_finish(Work& work) {
    TRY(hash_up_to(work, source_.size));
    if (work.digest.finish() != source_.digest) {
        TRY(work.partial.discard());
        completed_ = 0;
        return digest_mismatch();
    }
    return work.partial.finish();
}

}  // namespace moat::models
