#pragma once

#include <chrono>
#include <deque>

// How many tokens a second a model generates for all its requests together: those of the answers
// that ended within the last minute, over the time in which at least one was running.
// Threads: one at a time.
namespace moat::inference {

class RateMeter {
  public:
    using Time = std::chrono::steady_clock::time_point;

    void begin(Time now) {
        if (running_++ == 0) busy_since_ = now;
    }
    void end(Time now, int tokens) {
        Answer answer{now, tokens, {}};
        answer.busy = now - busy_since_;
        busy_since_ = now;
        --running_;
        answers_.push_back(answer);
        forget(now);
    }
    // Zero when nothing ended lately.
    double tokens_per_second(Time now) {
        forget(now);
        double tokens = 0;
        std::chrono::duration<double> busy{};
        for (const Answer& answer : answers_) {
            tokens += answer.tokens;
            busy += answer.busy;
        }
        return busy.count() > 0 ? tokens / busy.count() : 0;
    }

  private:
    struct Answer {
        Time ended;
        int tokens = 0;
        Time::duration busy;  // since the one before it ended, or since the first began
    };

    void forget(Time now) {
        while (!answers_.empty() && now - answers_.front().ended > std::chrono::minutes(1))
            answers_.pop_front();
    }

    std::deque<Answer> answers_;
    int running_ = 0;
    Time busy_since_;
};

}  // namespace moat::inference
